"""Sixtyfour's routes of runs, with an executor behind them and a worker for one block."""

from dataclasses import replace
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.login.issuers import Issuer
from services.api.login.jwt_tokens import Issuers
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.egress.caller import open_caller
from shared.egress.settings import EgressSettings
from tests.integration.api.asking import OPERATOR
from tests.integration.api.dialects.sixtyfour import PEOPLE, SHORT, Sixtyfour, block, open_world
from tests.integration.api.forgeries import KEY
from tests.integration.api.issued import AUDIENCE, ISSUER, claims
from tests.support.answers import open_checked

ADULTS = {"filters": [{"column": "age", "operator": "greater", "value": 17}]}
CHAIN: dict[str, Any] = {
    "blocks": [
        block(1, "webhook", block_id="in"),
        block(2, "deduplicate", block_id="once"),
        block(3, "filter", ADULTS, block_id="<adults>"),
        block(4, "find_email", {"mode": "PROFESSIONAL"}, block_id="emails"),
    ],
    "edges": [
        {"from_block_id": "in", "to_block_id": "once"},
        {"from_block_id": "once", "to_block_id": "<adults>"},
        {"from_block_id": "<adults>", "to_block_id": "emails"},
    ],
}


async def test_rows_go_from_block_to_block(database: str) -> None:
    """Blocks of ours and a worker's; the live status counts them, the results are the last rows."""
    async with open_world(database) as world:
        started = await world.run(await world.workflow(CHAIN), PEOPLE)
        assert (started["status"], started["already_started"]) == ("queued", None)
        task = await world.task()
        assert task["input"] == {"specs": {"mode": "PROFESSIONAL"}, "rows": PEOPLE[:1]}
        await world.said(task, {"processed_count": 1})
        live = await world.api.live(started["job_id"])
        assert (live["overall_status"], live["current_block"]) == ("running", "find_email")
        assert (live["completed_blocks"], live["total_blocks"]) == (3, 4)
        assert live["overall_progress_percentage"] == 99.8
        at = live["blocks"][3]
        assert (at["status"], at["total_count"], at["block_id"]) == ("running", 1, "emails")
        assert (at["processed_count"], at["progress_percentage"]) == (1, 99.0)
        assert at["previous_block_ids"] == ["<adults>"]
        assert at["metrics"]["dataframe_type"] == "LEAD"
        assert await world.api.results(started["job_id"]) == []
        found = [{**PEOPLE[0], "email": "jane@acme.example"}]
        await world.done(task, {"rows": found})
        live = await world.ended(started)
        assert (live["overall_status"], live["overall_progress_percentage"]) == ("completed", 100)
        assert [b["status"] for b in live["blocks"]] == ["completed"] * 4
        assert [b["metrics"]["row_count"] for b in live["blocks"]] == [3, 2, 1, 1]
        assert [b["total_count"] for b in live["blocks"]] == [3, 3, 2, 1]
        (result,) = await world.api.results(started["job_id"])
        assert (result["results"], result["row_count"]) == (found, 1)
        assert (result["block_number"], result["content_type"]) == (4, "text/csv")


async def test_a_key_starts_one_run(database: str) -> None:
    """Sent again it tells so; with another payload it is refused."""
    async with open_world(database) as world:
        flow = await world.workflow(SHORT)
        first = await world.run(flow, PEOPLE, key="k1")
        again = await world.run(flow, PEOPLE, key="k1")
        assert (first["already_started"], again["already_started"]) == (None, True)
        assert first["job_id"] == again["job_id"]
        other = await world.run(flow, PEOPLE, key="k2")
        assert other["job_id"] != first["job_id"]
        await world.run(flow, [], key="k1", status=422)


async def test_what_cannot_be_run_is_refused(database: str) -> None:
    """400 for another first block than a webhook, also for a draft that begins with read_csv."""
    async with open_world(database) as world:
        graph = {"blocks": [block(1, "read_csv")], "edges": []}
        draft = await world.api.create(workflow_definition=graph)
        assert draft["status"] == "draft"
        await world.run(draft["id"], [], status=400)
        await world.face.call("PUT", "actions/read_csv", {"transport": "worker"})
        for name in ("read_csv", "filter"):
            flow = await world.workflow({"blocks": [block(1, name)], "edges": []})
            refusal = await world.run(flow, [], status=400)
            assert ("read_csv" in refusal["detail"]) == (name == "read_csv")
        flow = await world.workflow({"blocks": [], "edges": []})
        await world.run(flow, [], status=400)
        await world.run("00000000-0000-4000-8000-000000000000", [], status=404)


async def test_a_jwt_starts_no_run(resources: ApiResources) -> None:
    """403, whatever it may do else."""
    issuer = Issuer(issuer=ISSUER, audience=AUDIENCE, algorithm="ES256", public_key=KEY.pem)
    own = replace(resources, token=SecretStr(OPERATOR), registry=CollectorRegistry())
    async with open_caller(EgressSettings(), resources.clock) as caller:
        app = build_app(own, ApiSettings(), Issuers([issuer], caller, resources.clock))
        async with open_checked(app) as client:
            token = KEY.token(claims(scope="read author operate"))
            person = Sixtyfour(client, Authorization=f"Bearer {token}")
            flow = await person.create(workflow_definition=SHORT)
            which = {"workflow_id": flow["id"]}
            refusal = await person.ask("POST", "/workflows/run", {}, query=which, status=403)
            assert "API key" in refusal["detail"]
            operator = Sixtyfour(client, **{"x-api-key": OPERATOR})
            await operator.ask("POST", "/workflows/run", {}, query=which)


async def test_specs_and_rows_of_every_shape(database: str) -> None:
    """A list, one object, an object with rows, or none; overrides are the first block's specs."""
    async with open_world(database) as world:
        flow = await world.workflow(SHORT)
        shapes: list[tuple[Any, int]] = [
            (PEOPLE, 2),
            ({"a": 1}, 1),
            ({"rows": PEOPLE}, 2),
            (None, 0),
        ]
        for payload, count in shapes:
            for override in (None, {"a": 1}):
                started = await world.run(flow, payload, specs_override=override)
                live = await world.ended(started)
                assert live["blocks"][1]["metrics"]["row_count"] == count, payload
        shown = await world.face.get(f"executions/{started['job_id']}")
        assert [*shown["overrides"].values()] == [{"specs": {"a": 1}, "rows": []}]


async def test_rows_are_posted_and_passed_on(database: str) -> None:
    """A webhook that is sent has the rows, and one id; what comes after it has the rows, too."""
    seen: list[tuple[str | None, str | None, Any]] = []

    async def receive(request: web.Request) -> web.Response:
        said = request.headers
        seen.append((said.get("X-Own"), said.get("Sixtyfour-Event-Id"), await request.json()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", receive)
    async with open_world(database) as world, TestServer(app) as server:
        specs = {"url": str(server.make_url("/hook")), "headers": {"X-Own": "1"}}
        blocks = [block(1, "webhook"), block(2, "outgoing_webhook", specs), block(3, "deduplicate")]
        flow = await world.workflow({"blocks": blocks, "edges": []})
        started = await world.run(flow, PEOPLE)
        await world.ended(started)
        run_id = started["job_id"]
        block_id = (await world.api.live(run_id))["blocks"][1]["block_id"]
        posted = {
            "event_id": f"{run_id}:{block_id}",
            "run_id": run_id,
            "results": PEOPLE,
            "results_download_url": f"/sixtyfour/workflows/runs/{run_id}/results/download-links",
        }
        assert seen == [("1", f"{run_id}:{block_id}", posted)]
        (result,) = await world.api.results(started["job_id"])
        assert (result["block_number"], result["results"]) == (3, PEOPLE[:2])


async def test_branches_work_on_the_rows_they_are_handed(database: str) -> None:
    """Where a condition does not hold nothing follows; a join has the rows of what ran."""
    graph = {
        "blocks": [
            block(1, "webhook", block_id="in"),
            block(2, "filter", ADULTS, block_id="adults"),
            block(3, "remove_columns", {"columns": ["age"]}, block_id="names"),
            block(4, "remove_columns", {"columns": ["name"]}, block_id="never"),
            block(5, "remove_columns", {"columns": ["company"]}, block_id="all"),
        ],
        "edges": [
            {"from_block_id": "in", "to_block_id": "adults"},
            {"from_block_id": "in", "to_block_id": "names"},
            {"from_block_id": "in", "to_block_id": "never", "condition": "$count(rows) > 9"},
            {"from_block_id": "adults", "to_block_id": "all"},
            {"from_block_id": "names", "to_block_id": "all"},
            {"from_block_id": "never", "to_block_id": "all"},
        ],
    }
    async with open_world(database) as world:
        started = await world.run(await world.workflow(graph), PEOPLE)
        live = await world.ended(started)
        assert [b["metrics"]["row_count"] for b in live["blocks"]] == [3, 2, 3, 0, 5]
        (result,) = await world.api.results(started["job_id"])
        jane = {"name": "Jane", "age": 41}
        assert result["results"] == [
            jane,
            jane,
            {"name": "Jane"},
            {"name": "Ann"},
            {"name": "Jane"},
        ]


async def test_no_rows_come_along_an_edge_whose_condition_is_false(database: str) -> None:
    """Though the block they would come to runs, by another one; two edges of one block are two."""
    graph = {
        "blocks": [
            block(1, "webhook", block_id="in"),
            block(2, "filter", ADULTS, block_id="adults"),
            block(3, "find_email", block_id="all"),
        ],
        "edges": [
            {"from_block_id": "in", "to_block_id": "adults"},
            {"from_block_id": "in", "to_block_id": "all", "condition": "$count(rows) > 9"},
            {"from_block_id": "in", "to_block_id": "all", "condition": "rows[0].age > 50"},
            {"from_block_id": "adults", "to_block_id": "all", "condition": "$count(rows) = 2"},
        ],
    }
    async with open_world(database) as world:
        flow = await world.workflow(graph)
        old = {"name": "Old", "company": "Acme", "age": 51}
        for rows, handed in ((PEOPLE, PEOPLE[::2]), ([old, PEOPLE[0]], [old, PEOPLE[0]] * 2)):
            started = await world.run(flow, rows)
            task = await world.task()
            assert task["input"]["rows"] == handed
            live = await world.api.live(started["job_id"])
            assert live["blocks"][2]["total_count"] == len(handed)
            await world.done(task, {"rows": []})
            live = await world.ended(started)
            assert live["blocks"][2]["total_count"] == len(handed)


async def test_a_block_after_one_that_found_nothing_is_given_nothing(database: str) -> None:
    """What it was given itself does not go on."""
    blocks = [block(1, "webhook"), block(2, "find_email"), block(3, "deduplicate")]
    async with open_world(database) as world:
        flow = await world.workflow({"blocks": blocks, "edges": []})
        started = await world.run(flow, PEOPLE)
        await world.done(await world.task(), {"rows": []})
        live = await world.ended(started)
        assert [b["total_count"] for b in live["blocks"]] == [3, 3, 0]


async def test_a_run_that_fails_has_the_rows_before_it(database: str) -> None:
    """The block says why, and what came before it is there."""
    async with open_world(database) as world:
        started = await world.run(await world.workflow(CHAIN), PEOPLE)
        task = await world.task()
        failure = {"message": "no such service", "retryable": False}
        await world.face.post(f"tasks/{task['task_id']}/fail", failure)
        live = await world.ended(started)
        assert (live["overall_status"], live["blocks"][3]["status"]) == ("failed", "failed")
        assert live["blocks"][3]["error_message"] == "no such service"
        (result,) = await world.api.results(started["job_id"])
        assert (result["block_number"], result["results"]) == (3, PEOPLE[:1])
        (listed,) = await world.api.ask("GET", "/workflows/runs", query={"status": "failed"})
        assert (listed["job_id"], listed["blocks_count"]) == (started["job_id"], 4)
        path = f"/job-status/{started['job_id']}"
        job = await world.api.ask("GET", path, described_as="/job-status/{job_id}")
        assert (job["status"], job["result"]) == ("failed", PEOPLE[:1])


async def test_a_run_is_cancelled_and_listed(database: str) -> None:
    """By the query or the body; once ended it cannot be."""
    async with open_world(database) as world:
        flow = await world.workflow(CHAIN)
        runs = [await world.run(flow, PEOPLE) for _ in range(2)]
        ids = [run["job_id"] for run in runs]
        active = await world.api.ask("GET", "/workflows/runs", query={"status": "active"})
        assert [run["job_id"] for run in active] == ids[::-1]
        told = await world.api.ask("POST", "/workflows/cancel", query={"job_id": ids[0]})
        assert told == {"job_id": ids[0], "status": "canceled"}
        await world.api.ask("POST", "/workflows/cancel", {"job_id": ids[1]})
        for run in runs:
            live = await world.ended(run)
            assert live["overall_status"] == "cancelled"
            assert live["blocks"][3]["status"] == "cancelled"
        which = {"status": "cancelled", "workflow_id": flow, "limit": "1"}
        (listed,) = await world.api.ask("GET", "/workflows/runs", query=which)
        assert (listed["job_id"], listed["workflow_name"]) == (ids[1], "w")
        assert await world.api.ask("GET", "/workflows/runs", query={"status": "running"}) == []
        await world.api.ask("POST", "/workflows/cancel", query={"job_id": ids[0]}, status=409)


async def test_another_systems_execution_is_no_run(database: str) -> None:
    """404 on every route of a run, and it is in no list."""
    async with open_world(database) as world:
        flow = await world.face.post("workflows", {"name": "w", "steps": []}, status=201)
        started = await world.face.post(f"workflows/{flow['id']}/executions")
        await world.face.ends(id_ := started["execution_id"])
        run = f"/workflows/runs/{id_}"
        for path in (f"{run}/live_status", f"{run}/results/download-links", f"/job-status/{id_}"):
            await world.api.ask("GET", path, status=404)
        await world.api.ask("POST", "/workflows/cancel", query={"job_id": id_}, status=404)
        assert await world.api.ask("GET", "/workflows/runs") == []
