"""Workflows out of sight, who made them, and when they run."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.api.resources import ApiResources
from shared.db import live_workflows
from tests.integration.api.conftest import Client, Serve
from tests.integration.api.face import open_face
from tests.support.works import NOTE, workflow

DUE = f"{datetime.now(UTC) + timedelta(hours=12):%H:%M}"  # not while a test looks
DAILY = {"kind": "schedule", "schedule": {"kind": "daily", "value": DUE}}
FLOW: dict[str, Any] = {"name": "w", "triggers": [{"event_name": "e"}, DAILY]}


async def call(
    client: Client, method: str, path: str, body: Any = None, *, status: int = 200, **more: Any
) -> Any:
    """The document of an answer that has ``status``."""
    async with client.request(method, f"/v1/{path}", json=body, **more) as answer:
        document = await answer.json(content_type=None)
    assert answer.status == status, document
    return document


async def listed(client: Client, query: str = "") -> list[str]:
    """The ids of the workflows that are listed."""
    return [w["id"] for w in (await call(client, "GET", f"workflows?{query}"))["items"]]


async def live(resources: ApiResources) -> int:
    """How many workflows events may start."""
    async with resources.engine() as conn:
        return sum([len(batch) async for batch in live_workflows.list_live(conn)])


async def test_what_is_archived_is_out_of_sight_until_it_is_taken_back(
    client: Client, resources: ApiResources
) -> None:
    """Neither matched, nor listed unasked, nor due, nor changed; it comes back inactive."""
    made = await call(client, "POST", "workflows", FLOW, status=201)
    path = f"workflows/{made['id']}"
    assert (await listed(client), await live(resources)) == ([made["id"]], 1)
    assert made["next_run_at"].endswith(f"T{DUE}:00.000000Z")
    archived = await call(client, "POST", f"{path}/archive")
    told = {k: archived[k] for k in ("lifecycle", "is_active", "version", "next_run_at")}
    assert told == {"lifecycle": "archived", "is_active": False, "version": 2, "next_run_at": None}
    assert await call(client, "POST", f"{path}/archive") == archived
    assert (await listed(client), await live(resources)) == ([], 0)
    assert await listed(client, "lifecycle=archived") == [made["id"]]
    assert await listed(client, "lifecycle=ready") == []
    for verb, body in (("POST", None), ("PUT", FLOW)):
        where = path if body else f"{path}/activate"
        refused = await call(client, verb, where, body, status=409)
        assert "unarchive it" in refused["detail"]
    await call(client, "POST", "workflows", {**FLOW, "id": made["id"]}, status=409)
    back = await call(client, "POST", f"{path}/unarchive")
    assert (back["lifecycle"], back["is_active"], back["next_run_at"]) == ("ready", False, None)
    assert (await listed(client), await live(resources)) == ([made["id"]], 0)
    assert await call(client, "POST", f"{path}/unarchive") == back
    again = await call(client, "POST", f"{path}/activate")
    assert (again["next_run_at"], await live(resources)) == (made["next_run_at"], 1)
    for verb in ("archive", "unarchive"):
        await call(client, "POST", f"workflows/{uuid4()}/{verb}", status=404)


async def test_a_draft_comes_back_as_a_draft(client: Client) -> None:
    """With its problems."""
    draft = {"name": "d", "draft": True, "steps": [{"id": "a", "action": "nothing"}]}
    made = await call(client, "POST", "workflows", draft, status=201)
    path = f"workflows/{made['id']}"
    assert "problems" not in await call(client, "POST", f"{path}/archive")
    back = await call(client, "POST", f"{path}/unarchive")
    assert (back["lifecycle"], back["problems"]) == ("draft", made["problems"])


async def test_what_is_archived_is_not_called(client: Client) -> None:
    """A new call of it is refused, and no ring is closed while it is away."""
    last = await call(client, "POST", "workflows", {"name": "last"}, status=201)

    def calling(*called: str) -> dict[str, Any]:
        blocks = [{"subworkflow": {"workflow_id": one}} for one in called]
        steps = [{"id": f"s{n}", "kind": "subworkflow", **b} for n, b in enumerate(blocks)]
        return {"name": "calls", "steps": steps}

    first = await call(client, "POST", "workflows", calling(last["id"]), status=201)
    middle = await call(client, "POST", "workflows", calling(first["id"]), status=201)
    await call(client, "POST", f"workflows/{first['id']}/archive")
    refused = await call(client, "POST", "workflows", calling(first["id"]), status=422)
    assert [error["code"] for error in refused["errors"]] == ["ARCHIVED_WORKFLOW"]
    ring = await call(client, "PUT", f"workflows/{last['id']}", calling(middle["id"]), status=422)
    assert [error["code"] for error in ring["errors"]] == ["SUBWORKFLOW_CYCLE"]


async def test_nothing_starts_what_is_archived_and_what_runs_goes_on(database: str) -> None:
    """Started before it still ends; by hand, again, and as a step of another it does not."""
    async with open_face(database) as face:
        wait = {"id": "ok", "kind": "approval"}
        flow = await face.works.register(workflow(wait))
        step = {"id": "c", "kind": "subworkflow", "subworkflow": {"workflow_id": str(flow.id)}}
        caller = await face.works.register(workflow(step))
        started = (await face.post(f"workflows/{flow.id}/executions"))["execution_id"]
        await face.waits(started)
        await face.post(f"workflows/{flow.id}/archive", status=200)
        refused = await face.post(f"workflows/{flow.id}/executions", status=409)
        assert "is archived" in refused["detail"]
        yes = {"decision": "approve", "by": "ada"}
        await face.post(f"executions/{started}/steps/ok/decision", yes, status=200)
        assert (await face.ends(started))["status"] == "COMPLETED"
        again = await face.post(f"executions/{started}/rerun", status=409)
        assert "is archived" in again["detail"]
        called = (await face.post(f"workflows/{caller.id}/executions"))["execution_id"]
        failed = await face.ends(called)
        assert (failed["status"], failed["error"]["kind"]) == ("FAILED", "refused")


@pytest.mark.parametrize(("token", "name"), [(None, "anonymous"), ("0123456789abcdef", "token")])
async def test_a_workflow_says_who_made_it(serve: Serve, token: str | None, name: str) -> None:
    """Who changes it later is another question; whoever says it of himself is not asked."""
    client = await serve(token)
    more: dict[str, Any] = {} if token is None else {"headers": {"x-api-key": token}}
    body = {**FLOW, "created_by": "me"}
    made = await call(client, "POST", "workflows", body, status=201, **more)
    assert made["created_by"] == name
    changed = await call(client, "PUT", f"workflows/{made['id']}", {**made, "name": "x"}, **more)
    assert (changed["created_by"], changed["version"]) == (name, 2)


async def test_a_workflow_says_when_it_last_ran(database: str) -> None:
    """The creation of its newest execution, in the list as well; null before the first."""
    async with open_face(database) as face:
        flow, other = [await face.works.register(workflow(NOTE)) for _ in range(2)]
        for _ in range(2):
            started = (await face.post(f"workflows/{flow.id}/executions"))["execution_id"]
            shown = await face.ends(started)
        found = {w["id"]: w["last_run_at"] for w in (await face.get("workflows"))["items"]}
        assert found == {str(flow.id): shown["created_at"], str(other.id): None}
        assert (await face.get(f"workflows/{flow.id}"))["last_run_at"] == shown["created_at"]
