"""Executions started by hand, and those that do again what another did."""

import asyncio
from typing import Any
from uuid import uuid4

from aiohttp import web

from shared.domain.workflows import Lifecycle
from tests.integration.api.face import Face, open_face
from tests.support.gated import Receiver, open_receiver
from tests.support.works import NOTE, start, transform, until, workflow

ONCE = {"max_attempts": 1}
SCHEMA = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}


async def test_a_workflow_is_started_by_hand(database: str) -> None:
    """With any payload and parameters, also when no event may start it; twice by key is once."""
    async with open_face(database) as face:
        step = transform("say", "[payload.name, parameters.n, trigger.event_name]")
        flow = await face.works.register(workflow(step), is_active=False)
        path = f"workflows/{flow.id}/executions"
        body = {"payload": {"name": "ada"}, "parameters": {"n": 7}}
        started = [await face.post(path, body, key="once") for _ in range(2)]
        assert started[0] == started[1]
        other = await face.post(path, {**body, "payload": {"name": "bob"}})
        seen = []
        for one in (started[0], other):
            shown = await face.ends(one["execution_id"])
            seen.append(shown["attempts"][0]["output"])
            assert (shown["workflow_version"], shown["lineage"]["depth"]) == (1, 0)
        assert seen == [["ada", 7, "workflow:started"], ["bob", 7, "workflow:started"]]
        last = (await face.post(path))["execution_id"]
        assert await face.get(f"executions/{last}/result?wait_s=20") == {
            "result": ["workflow:started"]
        }
        assert await face.works.pool.fetchval("SELECT count(*) FROM executions") == 3


async def test_what_a_workflow_is_started_with_fits_its_schema(database: str) -> None:
    """The parameters where there are any, else the payload: 422 names what does not fit."""
    async with open_face(database) as face:
        flow = await face.works.register({**workflow(NOTE), "input_schema": SCHEMA})
        path = f"workflows/{flow.id}/executions"
        for body, pointer in (
            *(({"payload": {"name": 7}}, "/payload"), ({}, "/payload")),
            ({"payload": {"name": "x"}, "parameters": {}}, "/parameters"),
            ({"payload": [], "parameters": {"name": "x"}}, "/payload"),
            ({"payload": {"name": "x"}, "more": 1}, "/more"),
            ({"parameters": []}, "/parameters"),
        ):
            refused = await face.post(path, body, status=422)
            assert [e["pointer"] for e in refused["errors"]] == [pointer]
        await face.post(path, {"parameters": {"name": "x"}, "payload": {}})


async def test_what_cannot_be_started(database: str) -> None:
    """No workflow: 404; a draft: 409; a key that is none: 400."""
    async with open_face(database) as face:
        draft = await face.works.register(workflow(NOTE), lifecycle=Lifecycle.DRAFT)
        await face.post(f"workflows/{uuid4()}/executions", status=404)
        assert (
            "draft" in (await face.post(f"workflows/{draft.id}/executions", status=409))["detail"]
        )
        await face.post(f"workflows/{draft.id}/executions", status=400, key="x" * 257)


async def test_a_rerun_does_everything_again_and_once_a_key(database: str) -> None:
    """The same event and version in a new execution, though a newer version is there."""
    async with open_receiver() as receiver, open_face(database) as face:
        flow = await face.works.register(workflow(receiver.step(), transform("say", "payload")))
        [id_] = await start(face.works, flow, payload={"n": 7})
        first = await face.ends(id_)
        await face.works.register(workflow(NOTE), id=flow.id, version=2)
        path = f"executions/{id_}/rerun"
        told = await asyncio.gather(*(face.post(path, key="again") for _ in range(3)))
        assert len({one["execution_id"] for one in told}) == 1
        other = await face.post(path, {"expires_after_s": 3600})
        said = await face.post(path, {"expires_after_s": 3600}, key="again", status=422)
        assert said["errors"][0]["code"] == "OTHER_REQUEST"
        for one in (told[0], other):
            assert one["repeats"] == {"execution_id": str(id_), "step_id": None}
            shown = await face.ends(one["execution_id"])
            assert (shown["status"], shown["workflow_version"]) == ("COMPLETED", 1)
            assert shown["event_key"] == first["event_key"]
            assert shown["attempts"][-1]["output"] == {"n": 7}
            repeats = {"execution_id": str(id_), "inherits": False, "step_id": None}
            assert shown["lineage"]["repeats"] == repeats
        assert (await face.get(f"executions/{other['execution_id']}"))["expires_at"] is not None
        await until(face.works.pool, "SELECT count(*) FROM executions", 3)
        assert len(receiver.keys) == 3
        assert await face.get(f"executions/{id_}") == first


async def test_a_retry_takes_over_what_completed(database: str) -> None:
    """What completed is not called again, what failed is; its output feeds what follows."""
    async with open_receiver() as receiver, open_face(database) as face:
        id_ = await failed(face, receiver)
        assert len(receiver.keys) == 2
        told = await face.post(f"executions/{id_}/retry", key="k")
        assert await face.post(f"executions/{id_}/retry", key="k") == told
        other = await face.post(f"executions/{id_}/resume-from/call", key="k")
        assert other["execution_id"] != told["execution_id"]
        await face.ends(other["execution_id"])
        shown = await face.ends(told["execution_id"])
        assert shown["status"] == "COMPLETED"
        assert [(a["step_id"], a["attempt"]) for a in shown["attempts"]] == [
            *(("first", 0), ("call", 1), ("last", 1))
        ]
        called = {f"{one['execution_id']}:call" for one in (told, other)}
        assert set(receiver.keys[2:]) == called
        assert len(receiver.keys) == 4
        assert await face.get(f"executions/{told['execution_id']}/result") == {"result": True}
        await face.post(f"executions/{told['execution_id']}/retry", status=409)


async def test_an_answer_that_was_taken_over_is_the_result(database: str) -> None:
    """What a step had answered before the failure is the result of the retry, too."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.plan = [web.Response(status=400)]
        answer = {"id": "answer", "kind": "respond", "input": {"src": "the answer"}}
        flow = await face.works.register(workflow(answer, receiver.step(retry=ONCE), NOTE))
        [id_] = await start(face.works, flow)
        await face.ends(id_)
        again = (await face.post(f"executions/{id_}/retry"))["execution_id"]
        await face.ends(again)
        for one in (id_, again):
            assert await face.get(f"executions/{one}/result") == {"result": "the answer"}


async def test_a_retry_of_a_retry_takes_over_what_that_took_over(database: str) -> None:
    """Outcomes are handed on; a cancelled execution can be retried too."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.plan = [web.json_response({"ok": True}), web.Response(status=400)]
        ask = {"id": "ask", "kind": "approval"}
        first, then = receiver.step(id="first"), receiver.step(retry=ONCE)
        [id_] = await start(face.works, await face.works.register(workflow(first, then, ask)))
        await face.ends(id_)
        second = (await face.post(f"executions/{id_}/retry"))["execution_id"]
        await face.waits(second)
        await face.post(f"executions/{second}/retry", status=409)
        await face.post(f"executions/{second}/cancel")
        await face.ends(second)
        third = (await face.post(f"executions/{second}/retry"))["execution_id"]
        await face.waits(third)
        yes = {"decision": "approve", "by": "ada"}
        await face.post(f"executions/{third}/steps/ask/decision", yes, status=200)
        assert (await face.ends(third))["status"] == "COMPLETED"
        assert len(receiver.keys) == 3


async def test_what_was_undone_is_not_taken_over(database: str) -> None:
    """A retry does it again; what comes after it cannot be resumed from without it."""
    async with open_receiver() as receiver, open_face(database) as face:
        undo = {"action": "http_request", "input": receiver.step()["input"]}
        receiver.plan = [web.json_response({}), web.json_response({}), web.Response(status=400)]
        look, first = receiver.step(id="look"), receiver.step(id="first", compensation=undo)
        then = receiver.step(on_failure="compensate", retry=ONCE)
        [id_] = await start(face.works, await face.works.register(workflow(look, first, then)))
        await face.ends(id_)
        refused = await face.post(f"executions/{id_}/resume-from/call", status=409)
        assert "was undone" in refused["detail"]
        for way in ("resume-from/first", "retry"):
            again = await face.ends((await face.post(f"executions/{id_}/{way}"))["execution_id"])
            assert again["status"] == "COMPLETED"
            assert [(a["step_id"], a["attempt"]) for a in again["attempts"]] == [
                *(("look", 0), ("first", 1), ("call", 1))
            ]


async def test_what_waited_for_its_turn_in_vain_is_repeated(database: str) -> None:
    """What it had taken over is not done again, from whichever step another one goes on."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.plan = [web.json_response({}), web.Response(status=400)]
        ask = {"id": "ask", "kind": "approval", "run_if": "payload.holds"}
        flow = workflow(receiver.step(id="first"), receiver.step(retry=ONCE), ask)
        flow["policy"] = {"concurrency_key": {"src": "all"}}
        made = await face.works.register(flow)
        [id_] = await start(face.works, made)
        await face.ends(id_)
        [holding] = await start(face.works, made, payload={"holds": True})
        await face.waits(holding)
        second = (await face.post(f"executions/{id_}/retry"))["execution_id"]
        await face.becomes(second, "WAITING")
        await face.post(f"executions/{second}/cancel")
        await face.ends(second)
        ways = ("retry", "resume-from/call")
        again = [(await face.post(f"executions/{second}/{w}"))["execution_id"] for w in ways]
        await face.post(f"executions/{holding}/cancel")
        for one in again:
            shown = await face.ends(one)
            assert shown["status"] == "COMPLETED"
            assert [(a["step_id"], a["attempt"]) for a in shown["attempts"]][:2] == [
                *(("first", 0), ("$turn", 1))
            ]
        assert set(receiver.keys[4:]) == {f"{one}:call" for one in again}


async def test_a_failure_that_was_gone_past_stays_as_it_was(database: str) -> None:
    """An execution goes on from what came after it, and does not try it again."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.plan = [web.Response(status=400), web.Response(status=400)]
        first = receiver.step(id="first", on_failure="continue", retry=ONCE)
        flow = workflow(first, receiver.step(retry=ONCE))
        [id_] = await start(face.works, await face.works.register(flow))
        await face.ends(id_)
        again = (await face.post(f"executions/{id_}/resume-from/call"))["execution_id"]
        shown = await face.ends(again)
        assert shown["status"] == "COMPLETED"
        assert [(a["step_id"], a["attempt"], a["status"]) for a in shown["attempts"]] == [
            *(("first", 0, "FAILED"), ("call", 1, "COMPLETED"))
        ]
        assert receiver.keys[2:] == [f"{again}:call"]


async def test_resumed_from_a_step_only_what_follows_runs_again(database: str) -> None:
    """The steps before it are taken over, those beside it too; it and what follows run anew."""
    async with open_receiver() as receiver, open_face(database) as face:
        steps = [receiver.step(id=name) for name in ("a", "beside", "b", "c")]
        flow = workflow(*steps)
        flow["edges"] = [{"from": x, "to": y} for x, y in ("ab", "bc")]
        [id_] = await start(face.works, await face.works.register(flow))
        await face.ends(id_)
        told = await face.post(f"executions/{id_}/resume-from/b")
        assert told["repeats"] == {"execution_id": str(id_), "step_id": "b"}
        shown = await face.ends(told["execution_id"])
        assert shown["status"] == "COMPLETED"
        assert {(a["step_id"], a["attempt"]) for a in shown["attempts"]} == {
            *(("a", 0), ("beside", 0), ("b", 1), ("c", 1))
        }
        assert receiver.keys[4:] == [f"{told['execution_id']}:{step}" for step in "bc"]
        assert shown["progress"] == {"percent": 100, "completed": 4, "total": 4, "current": []}


async def test_where_an_execution_cannot_be_resumed(database: str) -> None:
    """An unknown step: 422; after one that has not completed, or while under way: 409."""
    async with open_receiver() as receiver, open_face(database) as face:
        id_ = await failed(face, receiver)
        for step in ("none", "$result", "a%20b"):
            refused = await face.post(f"executions/{id_}/resume-from/{step}", status=422)
            assert refused["errors"][0]["code"] == "UNKNOWN_STEP"
        refused = await face.post(f"executions/{id_}/resume-from/last", status=409)
        assert "'call' comes before 'last'" in refused["detail"]
        sleep = {"id": "sleep", "kind": "sleep", "sleep": {"duration_s": 3600.0}}
        [asleep] = await start(face.works, await face.works.register(workflow(NOTE, sleep)))
        await face.becomes(asleep, "WAITING")
        for way in ("resume-from/note", "retry"):
            await face.post(f"executions/{asleep}/{way}", status=409)
        for way in ("resume-from/note", "retry", "rerun"):
            await face.post(f"executions/{uuid4()}/{way}", status=404)
            await face.post(f"executions/{id_}/{way}", {"why": 1}, status=422)


async def test_what_its_filters_kept_out_is_not_resumed(database: str) -> None:
    """No step of it ran, and none may: 409. A rerun looks the annotations up again."""
    async with open_face(database) as face:
        fields = {"id": {"lang": "jsonata", "src": "payload.account_id"}}
        of = {"entity_type": "account", "target_path": "account", "required_fields": fields}
        flow = workflow(NOTE, transform("last", "1"))
        flow |= {"annotations": [of], "filters": {"account.plan": "pro"}}
        [id_] = await start(face.works, await face.works.register(flow))
        shown = await face.ends(id_)
        assert shown["status"] == "COMPLETED"
        assert [a["step_id"] for a in shown["attempts"]] == ["$annotate"]
        refused = await face.post(f"executions/{id_}/resume-from/note", status=409)
        assert "filters were false" in refused["detail"]
        again = await face.ends((await face.post(f"executions/{id_}/rerun"))["execution_id"])
        assert [a["step_id"] for a in again["attempts"]] == ["$annotate"]


async def failed(face: Face, receiver: Receiver) -> Any:
    """An execution whose second of three steps failed, and would not the next time."""
    receiver.plan = [web.json_response({"ok": True}), web.Response(status=400)]
    first, last = receiver.step(id="first"), transform("last", "steps.first.output.body.ok")
    flow = workflow(first, receiver.step(retry=ONCE), last)
    [id_] = await start(face.works, await face.works.register(flow))
    assert (await face.ends(id_))["status"] == "FAILED"
    return id_
