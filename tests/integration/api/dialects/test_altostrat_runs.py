"""Altostrat's routes of runs: started, waited for, told, repeated."""

import asyncio
from typing import Any
from uuid import UUID

from services.api.dialects.altostrat.ids import RUN, written
from tests.integration.api.dialects.test_altostrat import ask, create
from tests.integration.api.face import Face, open_face
from tests.unit.dialects.altostrat_documents import flow, node

COUNT = {"type": "number", "value": "{{ start.n }}", "operator": ">", "compare_to": 1}


async def started(face: Face, document: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """A run of a workflow that is made for it, as soon as it is there."""
    made = await create(face.client, document)
    return await execute(face, made["id"], context)


async def execute(face: Face, workflow_id: str, context: Any = None) -> dict[str, Any]:
    """A run, as ``execute`` answers with it."""
    body = None if context is None else {"context": context}
    status, run = await ask(face.client, "POST", f"{workflow_id}/execute", body)
    assert status == 202, run
    told: dict[str, Any] = run
    return told


async def becomes(face: Face, run_id: str, *statuses: str) -> dict[str, Any]:
    """The run, as soon as it has one of ``statuses``."""
    async with asyncio.timeout(60):
        while True:
            status, run = await ask(face.client, "GET", f"runs/{run_id}")
            assert status == 200, run
            if run["status"] in statuses:
                told: dict[str, Any] = run
                return told
            await asyncio.sleep(0.05)


def logged(run: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """How each node stands in a run's log, and what it put out."""
    return {line["node_id"]: (line["status"], line["output"]) for line in run["logs"]}


def either_way() -> dict[str, Any]:
    """A workflow that goes on to ``say`` or to ``other``."""
    document = flow(
        node("check", "number_condition", **COUNT),
        node("say", "text_transform", template="{{ start.n }} in {{ start.run_id }}"),
        node("other", "text_transform", template="no"),
    )
    document["edges"] = [
        {"source": "start", "target": "check"},
        {"source": "check", "target": "say", "sourceHandle": "true"},
        {"source": "check", "target": "other", "sourceHandle": "false"},
    ]
    return document


async def test_a_run_and_its_log(database: str) -> None:
    """Every documented field is there; the trigger tells its kind, the run's id and the context."""
    async with open_face(database) as face:
        first = await started(face, either_way(), {"n": 2})
        run = await becomes(face, first["id"], "completed")
    assert run["id"].startswith("fl_run_")
    assert (run["trigger_payload"], run["error_message"]) == ({"n": 2}, None)
    assert run["duration_in_seconds"] >= 0
    assert run["started_at"] <= run["completed_at"]
    told = logged(run)
    assert told["start"] == (
        "success",
        {
            "n": 2,
            "run_id": run["id"],
            "trigger_type": "manual",
            "event_name": "workflow:started",
        },
    )
    assert told["check"] == ("success", {"result": True})
    assert told["say"] == ("success", f"2 in {run['id']}")
    assert told["other"][0] == "skipped"
    line = run["logs"][0]
    assert (line["component_id"], line["execution_id"]) == ("manual_trigger", run["id"])
    assert line["id"].startswith("fl_log_")


async def test_errors_branch_or_fail_the_run(database: str) -> None:
    """With an error edge the run goes on along it; without one it fails, and says why."""
    broken = node("broken", "number_condition", value="x", operator=">", compare_to=1)
    async with open_face(database) as face:
        failed = await started(face, flow(broken))
        run = await becomes(face, failed["id"], "failed")
        assert run["error_message"]
        assert logged(run)["broken"][0] == "error"
        document = flow(broken, node("mend", "text_transform", template="mended"))
        document["edges"][1]["sourceHandle"] = "error"
        saved = await started(face, document)
        run = await becomes(face, saved["id"], "completed")
        assert logged(run)["mend"] == ("success", "mended")
        status, statistics = await get(face, "/altostrat/api/workflows/logs/statistics?days=1")
        assert (status, statistics["by_status"], statistics["success_rate"]) == (
            *(200, {"completed": 1, "failed": 1}),
            0.5,
        )
        status, recent = await get(face, "/altostrat/api/workflows/logs/recent")
        assert (status, [line["status"] for line in recent]) == (200, ["success", "error"])
        assert {line["node_id"] for line in recent} == {"mend", "broken"}


async def test_runs_are_listed_as_laravel_does(database: str) -> None:
    """The latest first, with the addresses of other pages, of which the last is the rest."""
    async with open_face(database) as face:
        made = await create(face.client, flow())
        for n in range(5):
            run = await execute(face, made["id"], {"n": n})
            await becomes(face, run["id"], "completed")
        path = f"{made['id']}/executions"
        _, page = await ask(face.client, "GET", f"{path}?page=2&per_page=2")
        assert [run["trigger_payload"]["n"] for run in page["data"]] == [2, 1]
        assert {k: v for k, v in page["meta"].items() if k != "path"} == {
            "current_page": 2,
            "from": 3,
            "last_page": 3,
            "per_page": 2,
            "to": 4,
            "total": 5,
        }
        assert page["meta"]["path"].endswith(path)
        assert page["links"]["next"].endswith("page=3&per_page=2")
        assert page["links"]["prev"].endswith("page=1&per_page=2")
        _, last = await ask(face.client, "GET", f"{path}?page=3&per_page=2")
        assert (len(last["data"]), last["links"]["next"]) == (1, None)
        _, beyond = await ask(face.client, "GET", f"{path}?page=9&per_page=2")
        assert (beyond["data"], beyond["meta"]["from"], beyond["meta"]["to"]) == ([], None, None)
        _, all_ = await ask(face.client, "GET", path)
        assert (len(all_["data"]), all_["meta"]["per_page"]) == (5, 15)
        assert (await ask(face.client, "GET", f"{path}?per_page=101"))[0] == 400


async def test_a_run_is_done_again_and_gone_on_from(database: str) -> None:
    """A rerun begins anew with the same payload; a resumption takes over what came before."""
    document = flow(
        node("a", "text_transform", template="{{ start.n }}"),
        node("b", "text_transform", template="{{ a }}!"),
    )
    async with open_face(database) as face:
        first = await started(face, document, {"n": 7})
        await becomes(face, first["id"], "completed")
        status, again = await ask(face.client, "POST", f"runs/{first['id']}/rerun")
        assert (status, again["original_run_id"]) == (202, first["id"])
        rerun = await becomes(face, again["new_run"]["id"], "completed")
        assert rerun["trigger_payload"] == {"n": 7}
        assert logged(rerun)["b"] == ("success", "7!")
        assert logged(rerun)["start"][1]["run_id"] == rerun["id"]
        status, resumed = await ask(face.client, "POST", f"runs/{first['id']}/resume-from/b")
        assert status == 202
        run = await becomes(face, resumed["new_run"]["id"], "completed")
        assert logged(run)["b"] == ("success", "7!")
        assert logged(run)["start"][1]["run_id"] == first["id"]
        assert (await ask(face.client, "POST", f"runs/{first['id']}/resume-from/q"))[0] == 404
        native = await face.post("workflows", {"name": "n"}, status=201)
        theirs = await face.post(f"workflows/{native['id']}/executions")
        await face.ends(theirs["execution_id"])
        other = written(RUN, UUID(theirs["execution_id"]))
        for method, path in (("GET", ""), ("POST", "/rerun"), ("POST", "/resume-from/a")):
            assert (await ask(face.client, method, f"runs/{other}{path}"))[0] == 404


async def test_who_waits_is_answered_with_the_last_nodes_result(database: str) -> None:
    """200 with the body that the workflow makes; 202 when it takes too long; 409 without any."""
    answered = flow(node("say", "response", body={"got": "{{ payload }}"}))
    slow = flow(node("wait", "delay", duration=1, unit="hours"))
    failed = flow(node("end", "terminate", status="failed", message="No."))
    async with open_face(database) as face:
        made = [(await create(face.client, one))["id"] for one in (answered, slow, failed)]
        for sent in ({"a": 1}, [1, 2], None, "text"):
            status, got = await ask(face.client, "POST", f"sync/{made[0]}", sent)
            assert (status, got) == (200, {"got": sent})
        status, _ = await ask(face.client, "POST", f"sync/{made[2]}", {})
        assert status == 409
        await face.works.pool.execute(
            "UPDATE workflow_versions SET definition = jsonb_set(definition::jsonb,"
            " '{policy,max_sync_s}', '0.2')::json WHERE definition::text LIKE '%3600%'"
        )
        status, still = await ask(face.client, "POST", f"sync/{made[1]}", {})
        assert (status, still["run"]["status"]) == (202, "running")


async def test_a_form_waits_for_a_button(database: str) -> None:
    """The run awaits somebody, whose button is the way on."""
    fields = [{"name": "why", "type": "text", "required": True}]
    document = flow(
        node("ask", "form", buttons=[{"id": "approve"}, {"id": "deny"}], fields=fields),
        node("yes", "text_transform", template="{{ ask.data.why }}"),
    )
    document["edges"][1]["sourceHandle"] = "approve"
    async with open_face(database) as face:
        first = await started(face, document)
        run = await becomes(face, first["id"], "awaiting_ui_interaction")
        assert logged(run)["ask"][0] == "awaiting"
        path = f"runs/{run['id']}/forms/ask"
        for wrong in ({"button": "maybe"}, {"button": "approve", "data": {}}, {}):
            assert (await ask(face.client, "POST", path, wrong))[0] == 422
        pressed = {"button": "approve", "data": {"why": "because"}, "by": "ann"}
        assert await ask(face.client, "POST", path, pressed) == (
            *(202,),
            {"message": "The form was taken in.", "won": True},
        )
        run = await becomes(face, first["id"], "completed")
        assert logged(run)["yes"] == ("success", "because")


async def test_a_webhook_starts_a_workflow(database: str) -> None:
    """202; its nodes see the body as webhook_payload, and the headers that say what was sent."""
    document = flow(
        node("say", "text_transform", template="{{ webhook_payload.site }}{{ start.body.n }}"),
        node("event", "text_transform", template="{{ trigger.headers.x-github-event }}"),
    )
    document["nodes"][0] = node("start", "webhook_trigger")
    async with open_face(database) as face:
        made = await create(face.client, document)
        path = made["webhook_url"].partition("/altostrat")[2]
        async with face.client.post(
            f"/altostrat{path}", json={"site": "s", "n": 1}, headers={"X-GitHub-Event": "push"}
        ) as answer:
            assert answer.status == 202, await answer.text()
        async with asyncio.timeout(60):
            while not (page := (await ask(face.client, "GET", f"{made['id']}/executions"))[1])[
                "data"
            ]:
                await asyncio.sleep(0.05)
        run = await becomes(face, page["data"][0]["id"], "completed")
        told = logged(run)
        assert (told["say"][1], told["event"][1]) == ("s1", "push")
        assert told["start"][1]["trigger_type"] == "webhook"
        await ask(face.client, "PUT", made["id"], {"is_active": False})
        async with face.client.post(f"/altostrat{path}", json={}) as answer:
            assert answer.status == 404


async def test_workflows_start_workflows(database: str) -> None:
    """A sub-workflow for each item of a list, and one that is waited for."""
    async with open_face(database) as face:
        inner = flow(node("say", "response", body="{{ trigger.item | append: '!' }}"), name="inner")
        called = await create(face.client, inner)
        last = {"item": "{{ each[1].result }}"}
        document = flow(
            node("each", "iterator", items="{{ start.names }}", workflow_id=called["id"]),
            node("one", "subflow", workflow_id=called["id"], payload=last),
        )
        first = await started(face, document, {"names": ["a", "b"]})
        run = await becomes(face, first["id"], "completed", "failed")
        assert run["error_message"] is None
        outputs = {line["node_id"]: line["output"] for line in run["logs"]}
        assert [one["result"] for one in outputs["each"]] == ["a!", "b!"]
        assert outputs["one"]["result"] == "b!!"
        assert (await execute(face, called["id"], {"item": "x"}))["workflow_id"] == called["id"]


async def test_what_is_not_active_is_not_run(database: str) -> None:
    """409 for a workflow that is switched off, for a draft, and for one of other workflows."""
    async with open_face(database) as face:
        off = await create(face.client, flow(is_active=False))
        draft = await create(face.client, flow(node("a", "get_moon")))
        sub = flow()
        sub["nodes"] = [node("start", "subflow_trigger")]
        subflow = await create(face.client, sub)
        for one in (off, draft, subflow):
            for path in (f"{one['id']}/execute", f"sync/{one['id']}"):
                assert (await ask(face.client, "POST", path, {}))[0] == 409


async def test_a_key_names_a_run(database: str) -> None:
    """The same Idempotency-Key starts the same run once."""
    async with open_face(database) as face:
        made = await create(face.client, flow())
        path, headers = f"/altostrat/workflows/{made['id']}/execute", {"Idempotency-Key": "k"}
        ids = set()
        for _ in range(2):
            async with face.client.post(path, json={}, headers=headers) as answer:
                ids.add((await answer.json())["id"])
        assert len(ids) == 1


async def get(face: Face, path: str) -> tuple[int, Any]:
    """What a path is answered with."""
    async with face.client.get(path) as answer:
        return answer.status, await answer.json()
