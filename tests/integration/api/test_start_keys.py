"""What a start or a repeat is named by is the name of no event, and of no called execution."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from uuid import UUID, uuid5

import pytest

from services.api.events.send_event import SOURCE
from services.api.executions.expiry import ExpiryRequest
from services.api.executions.start_execution import StartRequest
from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.platform import Platform
from shared.db.start_keys import claim_key
from shared.domain.ids import DEFAULT_ENVIRONMENT, ExecutionId, WorkflowId, event_key, execution_id
from tests.integration.api.face import Face, open_face
from tests.support.conserved import looked_at
from tests.support.house import settings_of
from tests.support.works import NOTE, Roles, all_ended, transform, until, workflow

KEY = "order-42"
EVENT = {"id": KEY, "event": "go", "payload": "sent"}
BODY = {"payload": "by hand"}


@asynccontextmanager
async def open_all(dsn: str) -> AsyncIterator[Face]:
    """An API, and every role on an event's way."""
    given = settings_of(dsn, member="one")

    def before(platform: Platform) -> Roles:
        return (
            ("trigger-ingest", trigger_ingest(platform, IngestSettings(**given))),
            ("matcher", matcher(platform, MatcherSettings(**given))),
        )

    async with open_face(dsn, before=before) as face:
        yield face


@pytest.mark.parametrize("is_sent_first", [False, True])
async def test_a_start_and_an_event_of_one_name_are_two(
    database: str, *, is_sent_first: bool
) -> None:
    """Each starts an execution with what it says, whichever comes first."""
    async with open_all(database) as face:
        flow = await face.works.register(workflow(transform("say", "payload")))
        path, shown = f"workflows/{flow.id}/executions", []
        if is_sent_first:
            await face.post("events", EVENT)
            await until(face.works.pool, "SELECT count(*) FROM executions", 1)
        started = await face.post(path, BODY, key=KEY)
        shown.append(await face.ends(started["execution_id"]))
        if not is_sent_first:
            await face.post("events", EVENT)
        await until(face.works.pool, "SELECT count(*) FROM executions", 2)
        event = await face.get(f"events/{KEY}")
        (of_event,) = event["executions"]
        shown.append(await face.ends(of_event["id"]))
        assert [one["attempts"][0]["output"] for one in shown] == ["by hand", "sent"]
        assert await face.post(path, BODY, key=KEY) == started
        report = await looked_at(face.works.pool, face.works.platform.bus, settings_of(database))
        assert report.findings == {}


async def test_a_key_from_before_names_the_same_execution(database: str) -> None:
    """As long as it is kept: what was asked for then is not started once more, nor otherwise."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(transform("say", "payload")))
        path = f"workflows/{flow.id}/executions"
        earlier = execution_id(WorkflowId(flow.id), event_key(DEFAULT_ENVIRONMENT, SOURCE, KEY))
        digest = sha256(StartRequest.model_validate(BODY).model_dump_json().encode()).digest()
        async with face.works.pool.acquire() as conn:
            await claim_key(conn, earlier, digest, face.works.platform.clock.now())
        for _ in range(2):
            assert (await face.post(path, BODY, key=KEY))["execution_id"] == str(earlier)
        await face.post(path, {"payload": "other"}, key=KEY, status=422)
        other = await face.post(path, BODY, key="other")
        for id_ in (str(earlier), other["execution_id"]):
            assert (await face.ends(id_))["attempts"][0]["output"] == "by hand"


async def test_a_repeat_is_not_what_a_step_of_its_name_calls(database: str) -> None:
    """Though its key be the attempt's number: it runs, and calls another itself."""
    async with open_face(database) as face:
        called = await face.works.register(workflow(NOTE))
        calls = {"subworkflow": {"workflow_id": str(called.id)}}
        flow = await face.works.register(workflow({"id": "rerun", "kind": "subworkflow", **calls}))
        first = (await face.post(f"workflows/{flow.id}/executions"))["execution_id"]
        await face.ends(first)
        path = f"executions/{first}/rerun"
        told = await face.post(path, key="1")
        assert await face.post(path, key="1") == told
        shown = await face.ends(told["execution_id"])
        assert (shown["workflow_id"], shown["rerun_of"]) == (str(flow.id), first)
        await all_ended(face.works.pool, 4)


async def test_a_repeat_from_before_is_known_by_its_key(database: str) -> None:
    """As long as that is kept."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(NOTE))
        first = (await face.post(f"workflows/{flow.id}/executions"))["execution_id"]
        await face.ends(first)
        earlier = ExecutionId(uuid5(UUID(first), "rerun:1"))
        digest = sha256(ExpiryRequest().model_dump_json().encode()).digest()
        async with face.works.pool.acquire() as conn:
            await claim_key(conn, earlier, digest, face.works.platform.clock.now())
        told = await face.post(f"executions/{first}/rerun", key="1")
        assert told["execution_id"] == str(earlier)
        other = await face.post(f"executions/{first}/rerun", key="2")
        assert other["execution_id"] != str(uuid5(UUID(first), "rerun:2"))
