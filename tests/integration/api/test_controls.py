"""Executions told to end, to pause and to go on; how far they are, and what they came to."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web

from tests.integration.api.face import open_face
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import NOTE, all_ended, check_history, start, transform, until, workflow

ASK: dict[str, Any] = {"id": "ask", "kind": "approval"}
SLEEP: dict[str, Any] = {"id": "sleep", "kind": "sleep", "sleep": {"duration_s": 3600.0}}
ONCE = {"max_attempts": 1}
HOUR = {"max_attempts": 2, "initial_interval_s": 3600.0, "max_interval_s": 3600.0, "jitter": 0.0}


async def test_suspended_no_further_step_starts(database: str) -> None:
    """The step under way ends and is kept; the next one starts only after the resumption."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.gate.clear()
        flow = workflow(receiver.step(), receiver.step(id="second"))
        [id_] = await start(face.works, await face.works.register(flow))
        await eventually(lambda: len(receiver.keys) == 1)
        told = await face.post(f"executions/{id_}/suspend")
        assert told["id"] == str(id_)
        await face.post(f"executions/{id_}/suspend")
        await face.becomes(id_, "SUSPENDED")
        receiver.gate.set()
        await until(face.works.pool, "SELECT steps_settled FROM executions", 1)
        shown = await face.get(f"executions/{id_}")
        assert shown["status"] == "SUSPENDED"
        assert shown["progress"] == {"percent": 50, "completed": 1, "total": 2, "current": []}
        await until(face.works.pool, "SELECT count(*) FROM inbox", 0)
        assert receiver.keys == [f"{id_}:call"]
        receiver.gate.clear()  # what has ended is resumed no more
        await face.post(f"executions/{id_}/resume")
        await face.post(f"executions/{id_}/resume")
        receiver.gate.set()
        shown = await face.ends(id_)
        assert shown["status"] == "COMPLETED"
        assert receiver.keys == [f"{id_}:call", f"{id_}:second"]
        phases = [phase["phase"] for phase in shown["phases"]]
        assert phases == ["created", "started", "suspended", "resumed", "completed"]


async def test_a_suspension_and_its_end_keep_their_order(database: str) -> None:
    """Asked at once one after the other, both are carried out: the execution is not left behind."""
    async with open_face(database) as face:
        [id_] = await start(face.works, await face.works.register(workflow(ASK, NOTE)))
        await face.waits(id_)
        for _ in range(5):
            await face.post(f"executions/{id_}/suspend")
            await face.post(f"executions/{id_}/resume")
        taken = "SELECT count(*) FROM execution_log WHERE '{resumed}' <@ phases"
        await until(face.works.pool, taken, 5)
        assert (await face.get(f"executions/{id_}"))["status"] == "WAITING"


async def test_what_cannot_be_controlled(database: str) -> None:
    """404 for no execution, 409 for one that has ended, 422 for a body that says too much."""
    async with open_face(database) as face:
        [id_] = await start(face.works, await face.works.register(workflow(NOTE)))
        await face.ends(id_)
        for way in ("cancel", "suspend", "resume"):
            await face.post(f"executions/{uuid4()}/{way}", status=404)
            refused = await face.post(f"executions/{id_}/{way}", status=409)
            assert "COMPLETED" in refused["detail"]
            await face.post(f"executions/{id_}/{way}", {"why": 1}, status=422)


async def test_what_undoes_its_steps_cannot_be_controlled(database: str) -> None:
    """While an execution compensates it takes no orders; it ends as failed, everything undone."""
    async with open_receiver() as receiver, open_face(database) as face:
        undo = {"action": "http_request", "input": receiver.step()["input"]}
        receiver.plan = [web.json_response({}), web.Response(status=400)]
        first = receiver.step(id="first", compensation=undo)
        then = receiver.step(on_failure="compensate", retry=ONCE)
        receiver.gate.clear()
        [id_] = await start(face.works, await face.works.register(workflow(first, then)))
        shown = await face.becomes(id_, "COMPENSATING")
        await eventually(lambda: len(receiver.keys) == 3)
        assert _at(shown) == [("first", True, "running", None)]
        for way in ("cancel", "suspend", "resume"):
            refused = await face.post(f"executions/{id_}/{way}", status=409)
            assert "undoes its steps" in refused["detail"]
        receiver.gate.set()
        shown = await face.ends(id_)
        assert shown["status"] == "FAILED"
        last = shown["attempts"][-1]
        assert (last["step_id"], last["compensates"], last["status"]) == (
            "first",
            True,
            "COMPLETED",
        )


@pytest.mark.parametrize("where", ["under way", "retrying", "sleeping", "asking", "suspended"])
async def test_a_cancellation_meets_an_execution_anywhere(database: str, where: str) -> None:
    """Cancelled at once, twice, it ends once; no timer and no wait is left, and it stays so."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.gate.clear()
        if where == "retrying":
            receiver.plan = [web.Response(status=503)]
        waits = {"sleeping": SLEEP, "asking": ASK, "suspended": ASK}
        first = waits.get(where) or receiver.step(retry=HOUR)
        [id_] = await start(face.works, await face.works.register(workflow(first, NOTE)))
        if where == "suspended":
            await face.waits(id_)
            await face.post(f"executions/{id_}/suspend")
        state = {"under way": "RUNNING", "retrying": "RETRYING", "suspended": "SUSPENDED"}
        await face.becomes(id_, state.get(where, "WAITING"))
        body = {"reason": "enough"}
        answers = await asyncio.gather(
            *(face.call("POST", f"executions/{id_}/cancel", body) for _ in range(2))
        )
        assert {status for status, _ in answers} <= {202, 409}
        shown = await face.ends(id_)
        assert (shown["status"], shown["cancel_reason"]) == ("CANCELLED", "enough")
        await face.post(f"executions/{id_}/cancel", status=409)
        for table in ("timers", "waits", "inbox"):
            await until(face.works.pool, f"SELECT count(*) FROM {table}", 0)
        await check_history(face.works)


async def test_the_result_is_absent_until_it_is_there(database: str) -> None:
    """404 while there is none, the value as soon as a step answers, though others still follow."""
    async with open_face(database) as face:
        answer = {"id": "answer", "kind": "respond", "input": {"src": {"sum": 7}}}
        [id_] = await start(face.works, await face.works.register(workflow(ASK, answer, SLEEP)))
        await face.waits(id_)
        status, early = await face.call("GET", f"executions/{id_}/result")
        assert (status, early["errors"][0]["code"]) == (404, "RESULT_NOT_READY")
        waited = asyncio.create_task(face.get(f"executions/{id_}/result?wait_s=20"))
        yes = {"decision": "approve", "by": "ada"}
        await face.post(f"executions/{id_}/steps/ask/decision", yes, status=200)
        assert await waited == {"result": {"sum": 7}}
        assert (await face.becomes(id_, "WAITING"))["progress"]["completed"] == 2
        for query in ("wait_s=31", "wait_s=x", "wait=1"):
            assert (await face.call("GET", f"executions/{id_}/result?{query}"))[0] == 400
        assert (await face.call("GET", f"executions/{uuid4()}/result"))[0] == 404


async def test_any_value_can_be_a_result(database: str) -> None:
    """What a step answers is the result, also where it is nothing, whatever follows."""
    values: list[Any] = [None, 0, False, "", [], {"a": [None]}]
    async with open_face(database) as face:
        for value in values:
            answer = {"id": "answer", "kind": "respond", "input": {"src": value}}
            flow = await face.works.register(workflow(answer, NOTE))
            computed = await face.works.register({**workflow(NOTE), "result": {"src": value}})
            for id_ in (*await start(face.works, flow), *await start(face.works, computed)):
                assert (await face.ends(id_))["progress"]["percent"] == 100
                assert await face.get(f"executions/{id_}/result") == {"result": value}


async def test_what_failed_has_no_result(database: str) -> None:
    """409 says the state; the failed execution shows how far it came."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.plan = [web.Response(status=400)]
        flow = await face.works.register(
            workflow(NOTE, receiver.step(retry=ONCE), transform("b", "1"))
        )
        [id_] = await start(face.works, flow)
        shown = await face.ends(id_)
        status, refused = await face.call("GET", f"executions/{id_}/result")
        assert (status, refused["errors"][0]["code"]) == (409, "NO_RESULT")
        assert "FAILED" in refused["detail"]
        assert shown["progress"] == {"percent": 66, "completed": 2, "total": 3, "current": []}


async def test_progress_says_what_an_execution_is_at(database: str) -> None:
    """Steps under way, waiting and retrying are named with what they wait for; ended ones not."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.plan = [web.Response(status=503)]
        retry = receiver.step(id="retry", retry=HOUR)
        flow = workflow(NOTE, retry, ASK, SLEEP, receiver.step(), transform("end", "1"))
        before = ("note", "retry", "ask", "sleep")
        flow["edges"] = [{"from": name, "to": "end"} for name in before]
        flow["edges"].append({"from": "ask", "to": "call"})
        [id_] = await start(face.works, await face.works.register(flow))
        await face.waits(id_)
        await face.becomes(id_, "RETRYING")
        receiver.gate.clear()
        yes = {"decision": "approve", "by": "ada"}
        shown = await face.get(f"executions/{id_}")
        assert sorted(_at(shown)) == [
            *(("ask", False, "waiting", "approval"), ("retry", False, "retrying", None)),
            ("sleep", False, "waiting", "sleep"),
        ]
        await face.post(f"executions/{id_}/steps/ask/decision", yes, status=200)
        await eventually(lambda: len(receiver.keys) == 2)
        progress = (shown := await face.get(f"executions/{id_}"))["progress"]
        assert _at(shown)[-1] == ("call", False, "running", None)
        assert (progress["percent"], progress["completed"], progress["total"]) == (33, 2, 6)
        receiver.gate.set()


async def test_a_step_that_is_tried_again_is_under_way(database: str) -> None:
    """Once its next attempt has begun, a step no longer counts as one that will be retried."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.plan = [web.Response(status=503)]
        receiver.gate.clear()
        soon = {**HOUR, "initial_interval_s": 0.02}
        flow = await face.works.register(workflow(receiver.step(retry=soon)))
        [id_] = await start(face.works, flow)
        await eventually(lambda: len(receiver.keys) == 2)
        shown = await face.get(f"executions/{id_}")
        assert _at(shown) == [("call", False, "running", None)]
        assert shown["progress"]["current"][0]["attempt"] == 2
        receiver.gate.set()


async def test_an_execution_expires(database: str) -> None:
    """At its time it ends as EXPIRED, wherever it is; a policy's time is kept too."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.gate.clear()
        policy = {"expires_after_s": 0.4}
        asking = await face.works.register({**workflow(ASK), "policy": policy})
        calling = await face.works.register(workflow(receiver.step(), NOTE))
        later = {"expires_after_s": 0.3}
        for flow, body in ((asking, {}), (asking, later), (calling, {"expires_at": None})):
            given = {"expires_at": _in(2)} if "expires_at" in body else body
            started = await face.post(f"workflows/{flow.id}/executions", given)
            await until(
                face.works.pool,
                f"SELECT count(*) FROM executions WHERE id = '{started['execution_id']}'",
                1,
            )
            shown = await face.get(f"executions/{started['execution_id']}")
            assert shown["expires_at"] is not None
            shown = await face.ends(started["execution_id"])
            assert (shown["status"], shown["phases"][-1]["phase"]) == ("EXPIRED", "expired")
            assert shown["finished_at"] >= shown["expires_at"]
        await all_ended(face.works.pool, 3)
        page = await face.get("executions?status=expired")
        assert len(page["items"]) == 3


async def test_an_expiry_keeps_within_the_policy(database: str) -> None:
    """The past, what the policy does not allow, and what is no time: 422, and nothing starts."""
    async with open_face(database) as face:
        policy = {"expiry_min_s": 60.0, "expiry_max_s": 3600.0}
        flow = await face.works.register({**workflow(NOTE), "policy": policy})
        path = f"workflows/{flow.id}/executions"
        for after_s in (59.0, 3601.0, 0, -1, True, 1e12, "60"):
            await face.post(path, {"expires_after_s": after_s}, status=422)
        for at in ("2026-01-01T00:00:00Z", _in(1800)[:19], "9999-12-31T23:59:59-10:00", "soon", 7):
            await face.post(path, {"expires_at": at}, status=422)
        await face.post(path, {"expires_at": _in(1800), "expires_after_s": 60.0}, status=422)
        started = await face.post(path, {"expires_at": _in(1800)})
        await face.ends(started["execution_id"])
        assert await face.works.pool.fetchval("SELECT count(*) FROM executions") == 1


def _in(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def _at(shown: dict[str, Any]) -> list[tuple[str, bool, str, str | None]]:
    """What an execution is at, as its progress says."""
    return [
        (step["step_id"], step["compensates"], step["stands"], step["waits_for"])
        for step in shown["progress"]["current"]
    ]
