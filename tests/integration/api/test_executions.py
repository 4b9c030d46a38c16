"""The routes of executions."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.api.resources import ApiResources
from shared.db.group import Changed, Fence, Group, Started, Written
from shared.db.ledger import commit_group
from shared.db.recovery import claim
from shared.domain.causes import Cause
from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase, State, Status
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, ExecutionId, StepId, WorkflowId
from shared.domain.outcomes import ErrorKind, StepError
from shared.wire.commands import Cancel, decode_command
from shared.wire.results import Origin
from shared.wire.topics import Topics
from tests.integration.api.conftest import Client

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
ERROR = StepError(kind=ErrorKind.HTTP, message="status 500", retryable=True, status=500)


async def test_an_execution_is_shown_with_its_phases_and_attempts(
    client: Client, resources: ApiResources
) -> None:
    """Everything in the log, in order, and how far it has come."""
    workflow_id = await _register(client)
    execution = await _run(resources, workflow_id, AT, _failed_log())
    shown = await _get(client, f"/v1/executions/{execution}")
    assert (shown["status"], shown["progress"]) == (
        "FAILED",
        {"percent": 50, "completed": 1, "total": 2, "current": []},
    )
    assert shown["error"]["message"] == "status 500"
    assert [(p["position"], p["phase"]) for p in shown["phases"]] == [
        *((1, "created"), (1, "started"), (3, "failed"))
    ]
    assert [(a["attempt"], a["status"], a["wake_at"]) for a in shown["attempts"]] == [
        *((1, "RETRYING", "2026-11-22T10:00:01.000000Z"), (2, "FAILED", None))
    ]
    assert shown["attempts"][0]["input"] == {"to": [1, None]}
    rest = await _get(client, f"/v1/executions/{execution}?after=2")
    assert [a["attempt"] for a in rest["attempts"]] == [2]


async def test_executions_are_filtered_and_walked_backwards(
    client: Client, resources: ApiResources
) -> None:
    """Every filter picks what it says, and pages join without gap or repeat."""
    workflow_id, other = await _register(client), await _register(client)
    made = [
        str(await _run(resources, workflow_id, AT + timedelta(minutes=n), _started_log()))
        for n in range(5)
    ]
    odd = str(await _run(resources, other, AT, _failed_log()))
    seen: list[str] = []
    query = f"workflow_id={workflow_id}&limit=2"
    cursor: str | None = ""
    while cursor is not None:
        page = await _get(client, f"/v1/executions?{query}{cursor and f'&cursor={cursor}'}")
        seen += [execution["id"] for execution in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]
    event_key = (await _get(client, f"/v1/executions/{odd}"))["event_key"]
    for filters, found in (
        ("status=failed", [odd]),
        (f"event_key={event_key}", [odd]),
        ("from=2026-11-22T10:04:00Z", [made[4]]),
        ("to=2026-11-22T10:00:00Z", []),
        (f"workflow_id={workflow_id}&to=2026-11-22T11:01:00%2B01:00", [made[0]]),
        (f"environment_id={uuid4()}", []),
    ):
        page = await _get(client, f"/v1/executions?{filters}")
        assert [execution["id"] for execution in page["items"]] == found, filters


@pytest.mark.parametrize("body", [None, {"reason": "mistaken"}])
async def test_a_cancellation_is_sent_to_the_owner(
    client: Client, resources: ApiResources, body: dict[str, str] | None
) -> None:
    """202 means that the command is on its topic, under the execution's key."""
    execution = await _run(resources, await _register(client), AT, _started_log())
    async with resources.bus.tail([Topics().commands]) as records:
        async with client.post(f"/v1/executions/{execution}/cancel", json=body) as answer:
            assert answer.status == 202
        record = await asyncio.wait_for(anext(records), 30)
    command = decode_command(record.value)
    assert isinstance(command, Cancel)
    assert (command.execution_id, command.reason) == (execution, body and body["reason"])
    assert record.key == str(execution).encode()


async def test_what_has_ended_cannot_be_cancelled(client: Client, resources: ApiResources) -> None:
    """409, and a reason that is no text is 422."""
    execution = await _run(resources, await _register(client), AT, _failed_log())
    path = f"/v1/executions/{execution}/cancel"
    for body, status in ((None, 409), ({"reason": 7}, 422), ({"why": "x"}, 422), ([], 422)):
        async with client.post(path, json=body) as answer:
            assert answer.status == status, await answer.text()


def _started_log() -> Sequence[Entry]:
    return (Entry(position=1, phases=(Phase.CREATED, Phase.STARTED)),)


def _failed_log() -> Sequence[Entry]:
    first = Attempt(
        step_id=StepId("a"),
        number=1,
        status=AttemptStatus.RETRYING,
        started_at=AT,
        ended_at=AT,
        input={"to": [1, None]},
        error=ERROR,
        wake_at=AT + timedelta(seconds=1),
    )
    second = Attempt(
        step_id=StepId("a"),
        number=2,
        status=AttemptStatus.FAILED,
        started_at=AT,
        ended_at=AT,
        error=ERROR,
    )
    return (
        *_started_log(),
        Entry(position=2, attempt=first),
        Entry(position=3, attempt=second, phases=(Phase.FAILED,)),
    )


async def _run(
    resources: ApiResources, workflow_id: WorkflowId, at: datetime, log: Sequence[Entry]
) -> ExecutionId:
    """An execution with this log, as an executor leaves it."""
    event_key = EventKey(uuid4())
    origin = Origin(
        execution_id=ExecutionId(uuid4()),
        workflow_id=workflow_id,
        workflow_version=1,
        environment_id=DEFAULT_ENVIRONMENT,
        event_key=event_key,
        cause=Cause(root=event_key, depth=0, path=(workflow_id,)),
    )
    async with resources.engine() as conn, conn.transaction():
        owned = await claim(conn, 0, owner="test", now=at)
        seq = owned.written_seq
        fence = Fence(0, owned.epoch, 0, 0, seq + len(log), 0)
        started = Started(
            origin=origin,
            partition=0,
            command_offset=0,
            event_json="{}",
            created_at=at,
            state=State(status=Status.RUNNING),
            at=at,
        )
        written = [
            Written(partition=0, seq=seq + n, origin=origin, entry=entry, at=at)
            for n, entry in enumerate(log, 1)
        ]
        group = Group(fences=[fence], started={origin.execution_id: started}, written=written[:1])
        await commit_group(conn, group)
        await commit_group(
            conn, Group(fences=[fence], written=written[1:], changed=_end(origin, log))
        )
    return origin.execution_id


def _end(origin: Origin, log: Sequence[Entry]) -> dict[ExecutionId, Changed]:
    attempt = log[-1].attempt
    if attempt is None:
        return {}
    state = State(status=Status.FAILED, settled={attempt.step_id: attempt}, error=attempt.error)
    id_ = origin.execution_id
    return {id_: Changed(partition=0, execution_id=id_, at=AT, state=state)}


async def _register(client: Client) -> WorkflowId:
    steps = [{"id": id_, "action": "transform"} for id_ in "ab"]
    async with client.post("/v1/workflows", json={"name": "n", "steps": steps}) as answer:
        return WorkflowId(UUID((await answer.json())["id"]))


async def _get(client: Client, path: str) -> Any:
    async with client.get(path) as answer:
        document = await answer.json(content_type=None)
    assert answer.status == 200, document
    return document
