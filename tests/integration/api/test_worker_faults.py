"""What a worker lives through: answers that cannot be told, and an API that breaks."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.client.api import actions, events, workflows
from shared.client.turnout import AsyncTurnout, open_turnout
from shared.client.worker import Task, TaskFailed, Worker
from shared.domain.errors import Invalid
from shared.domain.executions import Status
from shared.wire.documents.executions import ExecutionDetail
from tests.integration.api.asking import OPERATOR
from tests.integration.api.test_client import WORK, ended
from tests.support.served import open_api
from tests.support.works import open_works

TASK: dict[str, Any] = {
    "task_id": "t1",
    "action": "do",
    "input": None,
    "heartbeat_s": None,
}
OUTPUTS: dict[str, Any] = {
    "set": [{1}],
    "mixed": {1, "a"},
    "number": 1 << 70,
    "large": "x" * 300_000,
}
FAULTS = {
    "lone": ValueError("\ud800"),
    "nul": ValueError("\0"),
    "long": TaskFailed("x" * 5_000),
    "wait": TaskFailed("no", retry_after_s=-1.0),
}


async def end_of(turnout: AsyncTurnout, flow: str, given: str) -> ExecutionDetail:
    """The execution of an input, once it has ended."""
    begun = await turnout.ask(workflows.start(flow, payload=given))
    return await ended(turnout, begun["execution_id"])


async def test_an_answer_that_cannot_be_told_fails_its_own_task_only(database: str) -> None:
    """For good; a failure with an odd message is told, and is tried again as its step says."""
    tried: list[str] = []
    others_begun = asyncio.Event()

    async def do(task: Task) -> Any:
        tried.append(task.input)
        if task.input in FAULTS:
            raise FAULTS[task.input]
        if task.input in OUTPUTS:
            return OUTPUTS[task.input]
        await others_begun.wait()
        return 14

    async with (
        open_works(database) as works,
        open_api(works, OPERATOR) as api,
        open_turnout(str(api.make_url("/")), OPERATOR) as turnout,
    ):
        await turnout.ask(actions.put("double", {"transport": "worker"}))
        flow = (await turnout.ask(workflows.create(WORK)))["id"]
        stop = asyncio.Event()
        working = asyncio.create_task(Worker(turnout, {"double": do}, at_once=2).run(stop))
        beside = await turnout.ask(workflows.start(flow, payload="beside"))
        ends = {given: await end_of(turnout, flow, given) for given in (*OUTPUTS, *FAULTS)}
        others_begun.set()
        assert (await ended(turnout, beside["execution_id"]))["status"] == Status.COMPLETED
        stop.set()
        await working
    statuses = {given: end["status"] for given, end in ends.items()}
    assert statuses == dict.fromkeys(ends, Status.FAILED)
    tries = {given: tried.count(given) for given in ends}
    once, twice = ("set", "number", "large", "wait"), ("mixed", "lone", "nul", "long")
    assert tries == {**dict.fromkeys(once, 1), **dict.fromkeys(twice, 2)}
    assert "Send at most 262144 bytes" in str(ends["large"]["attempts"][-1])


async def test_what_is_no_json_is_refused_before_it_is_sent() -> None:
    """As a wrong document is; nobody has to be there to say so."""
    async with open_turnout("http://127.0.0.1:1") as turnout:
        for payload in ({1}, "\ud800", 1 << 70):
            with pytest.raises(Invalid, match="cannot be written as JSON"):
                await turnout.ask(events.send({"event": "e", "payload": payload}))


async def test_a_broken_api_is_asked_again() -> None:
    """A 500 at a poll, a heartbeat or an answer ends neither the worker nor another task."""
    asked: list[str] = []
    beaten, stop = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        what = request.path.rpartition("/")[2]
        asked.append(what)
        if what == "poll" and asked.count("poll") in (2, 4):
            if asked.count("poll") == 4:
                stop.set()
            return web.json_response({"items": [TASK]})
        if what == "heartbeat":
            beaten.set()
        return web.json_response({"detail": "broken"}, status=500)

    async def do(_: Task) -> Any:
        await beaten.wait()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with (
        TestServer(app) as server,
        open_turnout(str(server.make_url("/"))) as turnout,
        asyncio.timeout(60),
    ):
        await Worker(turnout, {"do": do}, at_once=1, lease_s=0.3).run(stop)
    assert asked.count("complete") == 2
    assert "heartbeat" in asked
