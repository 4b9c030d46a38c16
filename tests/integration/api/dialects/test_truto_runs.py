"""Truto's runs: what came of workflows in its words, told in its words."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from pydantic import SecretStr

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings, RateSettings
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Client
from tests.integration.api.face import ENDED, Face, open_face
from tests.integration.test_schedules import house
from tests.support.answers import open_checked
from tests.support.gated import Receiver, open_receiver
from tests.support.served import open_api
from tests.support.still_clock import StillClock
from tests.support.virtual_clock import VirtualClock
from tests.support.works import until

RUN = {
    *("id", "workflow_id", "environment_id", "status", "result", "error", "retry_attempt"),
    *("started_at", "finished_at", "created_at", "updated_at"),
}
SAY = {"action": "transform", "config": "{'name': name}"}
SKIPPED = {"action": "transform", "config": "1", "run_if": "name = 'nobody'"}
BROKEN = {"action": "transform", "config": "$number(name)"}


def call(receiver: Receiver) -> dict[str, Any]:
    """A step that asks ``receiver``."""
    url = str(receiver.server.make_url("/"))
    return {"action": "http_request", "config": {"url": url}}


async def made(client: Client, *steps: Any) -> str:
    """The id of a new workflow."""
    async with client.post("/truto/workflow", json={"config": {"steps": steps}}) as answer:
        workflow = await answer.json()
        assert answer.status == 201, workflow
    return str(workflow["id"])


async def ran(face: Face, workflow: str, *statuses: str) -> str:
    """The id of a run that has come to one of some statuses, or has ended."""
    started = await face.post(f"workflows/{workflow}/executions", {"payload": {"name": "Ada"}})
    await face.becomes(started["execution_id"], *(statuses or ENDED))
    return str(started["execution_id"])


async def shown(client: Client, run: str) -> Any:
    """A run as it is shown."""
    async with client.get(f"/truto/workflow-run/{run}") as answer:
        document = await answer.json()
        assert answer.status == 200, document
    return document


async def listed(client: Client, **query: str) -> tuple[list[str], str | None]:
    """The ids of a page of runs, and the cursor of the next."""
    async with client.get("/truto/workflow-run", params=query) as answer:
        page = await answer.json()
        assert answer.status == 200, page
    assert page.keys() == {"result", "next_cursor", "prev_cursor"}
    return [run["id"] for run in page["result"]], page["next_cursor"]


async def test_a_run_tells_what_came_of_each_step(database: str) -> None:
    """Each by its type, action and output; one that was skipped succeeded all the same."""
    async with open_face(database) as face:
        workflow = await made(face.client, SAY, SKIPPED)
        run = await shown(face.client, await ran(face, workflow))
    assert run.keys() == RUN
    assert (run["workflow_id"], run["status"], run["error"]) == (workflow, "completed", None)
    assert run["retry_attempt"] == 0
    assert run["result"] == {
        "success": True,
        "steps": [
            {
                "type": "run",
                "action": "transform",
                "success": True,
                "result": {"name": "Ada"},
            },
            {
                "type": "run",
                "action": "transform",
                "success": True,
                "skipped": True,
                "result": None,
            },
        ],
    }
    for field in ("started_at", "finished_at", "created_at", "updated_at"):
        assert datetime.fromisoformat(run[field]).tzinfo is not None


async def test_a_run_that_fails_says_why(database: str) -> None:
    """The run, its result and the step have the same words; what was never begun is absent."""
    async with open_face(database) as face:
        workflow = await made(face.client, SAY, BROKEN, SAY)
        run = await shown(face.client, await ran(face, workflow))
    assert (run["status"], run["result"]["success"]) == ("failed", False)
    good, bad = run["result"]["steps"][:2]
    assert (good["success"], bad["success"], bad["result"]) == (True, False, None)
    assert run["error"] == run["result"]["error"] == bad["error"]
    assert "Ada" in run["error"]


async def test_a_run_that_goes_on_has_no_result_yet(database: str) -> None:
    """It is running while it tries again, cannot be deleted then, and can be cancelled."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.plan = [web.Response(status=503) for _ in range(2)]
        receiver.gate.clear()  # the last attempt is not answered
        workflow = await made(face.client, call(receiver))
        run = await ran(face, workflow, "RUNNING", "RETRYING")
        again = "SELECT count(*) >= {} FROM execution_log WHERE status = 'RETRYING'"
        await until(face.works.pool, again.format(1))
        goes_on = await shown(face.client, run)
        assert (goes_on["status"], goes_on["result"], goes_on["finished_at"]) == (
            *("running", None, None),
        )
        await until(face.works.pool, again.format(2))
        assert (await shown(face.client, run))["retry_attempt"] >= 1
        async with face.client.delete(f"/truto/workflow-run/{run}") as answer:
            assert (answer.status, (await answer.json())["error"]) == (409, "ConflictError")
        await face.post(f"executions/{run}/cancel", {"reason": "enough"})
        await face.ends(run)
        ended = await shown(face.client, run)
    assert (ended["status"], ended["error"]) == ("failed", "Cancelled: enough")
    assert [step["success"] for step in ended["result"]["steps"]] == [False]
    assert ended["retry_attempt"] >= 1


async def test_runs_are_listed_by_what_is_asked(database: str) -> None:
    """The latest first, page by page, by workflow, status, id and time; others' never."""
    async with open_face(database) as face:
        client = face.client
        one, other = await made(client, SAY), await made(client, BROKEN)
        runs = [await ran(face, flow) for flow in (one, other, one, other)]
        native = await face.works.register({"name": "n", "steps": [{"id": "a", "kind": "respond"}]})
        foreign = await ran(face, str(native.id))
        seen, cursor = await listed(client, limit="3")
        rest, end = await listed(client, limit="3", next_cursor=cursor or "")
        assert ([*seen, *rest], end) == (runs[::-1], None)
        async with client.get(f"/truto/workflow-run?limit=3&next_cursor={cursor}") as answer:
            back = (await answer.json())["prev_cursor"]
        assert await listed(client, limit="3", prev_cursor=back) == (seen, cursor)
        for query, wanted in (
            ({"workflow_id": one}, [runs[2], runs[0]]),
            ({"workflow_id": str(uuid4())}, []),
            ({"status": "failed"}, [runs[3], runs[1]]),
            ({"status": "created"}, []),
            ({"status": "running"}, []),
            ({"status[in]": "running,completed"}, [runs[2], runs[0]]),
            ({"status": "failed", "status[in]": "running,completed"}, []),
            ({"id[in]": f"{runs[1]},{foreign},{uuid4()}"}, [runs[1]]),
            ({"created_at[lt]": "2026-01-01T00:00:00Z"}, []),
            ({"created_at[gte]": "2026-01-01T00:00:00Z", "limit": "1"}, [runs[3]]),
            ({"environment_id": str(uuid4())}, []),
        ):
            assert (await listed(client, **query))[0] == wanted, query
        async with client.get("/truto/workflow-run", params={"status": "completed"}) as answer:
            [first, _] = (await answer.json())["result"]
        assert (first.keys(), first["result"]) == (RUN, {"success": True})
        async with client.get(f"/truto/workflow-run/{foreign}") as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "NotFoundError")


async def test_who_may_not_see_payloads_sees_none(database: str) -> None:
    """Neither outputs nor messages, which may quote them."""
    async with open_face(database) as face, open_api(face.works, OPERATOR) as client:
        workflow = await made(face.client, SAY, BROKEN)
        run = await ran(face, workflow)
        asker = await Asker(client, OPERATOR).key([Scope.READ])
        document = await asker.get(f"/truto/workflow-run/{run}")
        assert "Ada" not in str(document)
        assert "Ada" not in str(await asker.get("/truto/workflow-run"))
        assert document["result"]["steps"][0]["success"] is True


async def test_a_cron_line_makes_a_recurring_schedule(database: str) -> None:
    """The run that reaches the step sets it up, in UTC; each time is a run that does it alone."""
    clock = VirtualClock(datetime(2026, 11, 22, 20, 30, tzinfo=UTC))
    async with (
        open_receiver() as receiver,
        house(database, clock) as works,
        open_api(works) as client,
    ):
        face = Face(works=works, client=client)
        step = {**call(receiver), "cron_expression": "0 */6 * * *"}
        workflow = await made(client, SAY, step, SAY)
        first = await ran(face, workflow)
        assert receiver.keys == []
        assert len((await shown(client, first))["result"]["steps"]) == 3
        [schedule] = (await face.get(f"schedules?workflow_id={workflow}"))["items"]
        assert (schedule["kind"], schedule["value"]) == ("cron", "0 */6 * * *")
        assert schedule["timezone"] == "UTC"
        assert schedule["next_at"].startswith("2026-11-23T00:00:00")
        for count, hour in enumerate((0, 6), start=1):
            clock.jump(datetime(2026, 11, 23, hour, tzinfo=UTC))
            ended = "SELECT count(*) FROM executions WHERE status = 'COMPLETED'"
            await until(works.pool, ended, 1 + count)
            assert len(receiver.keys) == count
        latest = (await listed(client))[0][0]
        steps = (await shown(client, latest))["result"]["steps"]
        assert [step["action"] for step in steps] == ["transform", "http_request"]
        assert steps[1]["result"]["status"] == 200


@pytest.mark.parametrize(
    "query",
    [
        *("name=x", "status=asleep", "status[in]=created,", "status[in]=", "id[in]=1"),
        *("id[gt]=1", "workflow_id=1", "created_at[gte]=today", "next_cursor=x", "prev_cursor=x"),
        *("limit=0", "limit=201", "status=failed&status=failed", "id[in]=" + "a" * 2_000),
    ],
)
async def test_a_filter_without_a_meaning_is_refused(client: Client, query: str) -> None:
    """400 in Truto's form, which names it, on either list."""
    paths = ["/truto/workflow-run", *(["/truto/workflow"] if "status" not in query else [])]
    for path in paths:
        async with client.get(f"{path}?{query}") as answer:
            refusal = await answer.json()
        assert (answer.status, refusal["error"]) == (400, "BadRequestError"), path
        assert refusal["message"].startswith(f"/query/{query.partition('=')[0]}: ")


async def test_workflows_are_listed_by_their_ids(client: Client) -> None:
    """In the order of creation, those that there are."""
    ids = [await made(client) for _ in range(3)]
    query = {"id[in]": f"{ids[2]},{uuid4()},{ids[0].upper()}"}
    async with client.get("/truto/workflow", params=query) as answer:
        assert [one["id"] for one in (await answer.json())["result"]] == [ids[0], ids[2]]


async def test_runs_are_not_made_by_callers(client: Client) -> None:
    """405 in Truto's form, which says what may be asked."""
    for method, path, allowed in (("POST", "", "GET"), ("PATCH", f"/{uuid4()}", "DELETE,GET")):
        async with client.request(method, f"/truto/workflow-run{path}") as answer:
            refusal = await answer.json()
        assert (answer.status, refusal["error"]) == (405, "MethodNotAllowedError")
        assert answer.headers["Allow"] == allowed


async def test_an_ended_run_can_be_taken_out_of_view(database: str) -> None:
    """It is in no list and under no id of Truto's any more, and the native API still has it."""
    async with open_face(database) as face:
        client = face.client
        workflow = await made(client, SAY)
        run, other = await ran(face, workflow), await ran(face, workflow)
        async with client.delete(f"/truto/workflow-run/{run}") as answer:
            assert (answer.status, await answer.json()) == (200, {"id": run})
        assert (await listed(client))[0] == [other]
        for method in ("GET", "DELETE"):
            async with client.request(method, f"/truto/workflow-run/{run}") as answer:
                assert answer.status == 404
        assert (await face.get(f"executions/{run}"))["status"] == "COMPLETED"


async def test_who_asks_too_often_is_told_when_to_come_back(resources: ApiResources) -> None:
    """429 with Retry-After, in Truto's form."""
    own = replace(resources, token=SecretStr(OPERATOR), clock=StillClock())
    app = build_app(own, ApiSettings(), rates=RateSettings(requests_per_s=1))
    async with open_checked(app) as client, asyncio.timeout(60):
        asker = await Asker(client, OPERATOR).key([Scope.READ])
        headers = {"Authorization": f"Bearer {asker.secret}"}
        refusal = None
        while refusal is None:
            async with client.get("/truto/workflow", headers=headers) as answer:
                refusal = await answer.json() if answer.status == 429 else None
    assert int(answer.headers["Retry-After"]) >= 1
    assert (refusal["statusCode"], refusal["error"]) == (429, "TooManyRequestsError")
