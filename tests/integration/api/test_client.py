"""The client: typed questions, pages, repetitions that do no harm, streams, and workers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.client.api import actions, events, executions, keys, tasks, workflows
from shared.client.blocking import Turnout
from shared.client.errors import Denied, NoAnswer, NotNow
from shared.client.turnout import AsyncTurnout, open_turnout
from shared.client.worker import Task, TaskFailed, Worker
from shared.domain.errors import Conflict, Invalid, NotFound
from shared.domain.executions import Status
from shared.domain.ids import EventKey, WorkflowId, execution_id
from shared.wire.documents.executions import ExecutionDetail
from tests.integration.api.asking import OPERATOR
from tests.support.house import open_house
from tests.support.served import open_api
from tests.support.works import open_works, until

FLOW: dict[str, Any] = {
    "name": "one",
    "triggers": [{"event_name": "go"}],
    "steps": [{"id": "only", "kind": "respond"}],
}
WORK: dict[str, Any] = {
    "name": "work",
    "triggers": [{"kind": "manual"}],
    "steps": [
        {
            "id": "do",
            "action": "double",
            "input": {"lang": "jsonata", "src": "payload"},
            "retry": {"max_attempts": 2, "initial_interval_s": 0.01},
        }
    ],
}


@asynccontextmanager
async def open_all(database: str) -> AsyncIterator[tuple[str, AsyncTurnout]]:
    """Every role, the address of the API, and the operator's client."""
    async with (
        open_house(database) as house,
        open_api(house, OPERATOR) as api,
        open_turnout(str(api.make_url("/")), OPERATOR) as turnout,
    ):
        yield str(api.make_url("/")), turnout


async def ended(turnout: AsyncTurnout, id_: str) -> ExecutionDetail:
    """The execution, once it has ended; it may be about to start."""
    with suppress(Conflict):  # for one without a result
        await turnout.ask(executions.result(id_, wait_s=20))
    return await turnout.ask(executions.get(id_))


async def test_an_author_a_publisher_and_an_operator_are_served(database: str) -> None:
    """A workflow, an event, what came of it, and a list over several pages."""
    async with open_all(database) as (_, turnout):
        flow = await turnout.ask(workflows.create(FLOW))
        of = WorkflowId(UUID(flow["id"]))
        for number in range(5):
            event = {"event": "go", "id": str(number), "payload": {"n": number}}
            sent = await turnout.ask(events.send(event))
            await ended(turnout, str(execution_id(of, EventKey(UUID(sent["key"])))))
        asked = executions.list_(workflow_id=flow["id"], status="COMPLETED", limit=2)
        found = [one["id"] async for one in turnout.all(asked)]
        assert len(set(found)) == 5
        asked_result = executions.result(found[0], wait_s=10)
        assert (await turnout.ask(asked_result))["result"] is None


async def test_the_blocking_client_does_the_same(database: str) -> None:
    """From a thread of its own, beside a loop that runs; its errors are those of the async one."""

    def work(url: str) -> list[str]:
        with Turnout(url, OPERATOR) as turnout:
            made = [turnout.ask(workflows.create({**FLOW, "name": name})) for name in "abc"]
            with pytest.raises(NotFound, match="no execution"):
                turnout.ask(executions.get(made[0]["id"]))
            with pytest.raises(Invalid) as refused:
                turnout.ask(workflows.create({"name": ""}))
            assert refused.value.problems[0].pointer == "/name"
            with Turnout(url, "not-a-token") as stranger, pytest.raises(Denied) as denied:
                stranger.ask(workflows.list_())
            assert denied.value.is_stranger
            return [each["name"] for each in turnout.all(workflows.list_(limit=2))]

    async with open_all(database) as (url, _):
        assert await asyncio.to_thread(work, url) == ["a", "b", "c"]


async def test_what_was_read_before_is_changed_only_if_it_still_is_so(database: str) -> None:
    """With the ETag of an answer; a change between makes it a Conflict."""
    async with open_all(database) as (_, turnout):
        made = await turnout.call(workflows.create(FLOW))
        id_, tag = made.body["id"], made.headers["ETag"]
        again = await turnout.call(workflows.get(id_))
        assert again.headers["ETag"] == tag
        await turnout.ask(workflows.replace(id_, {**FLOW, "name": "two"}), if_match=tag)
        with pytest.raises(Conflict):
            await turnout.ask(workflows.replace(id_, {**FLOW, "name": "three"}), if_match=tag)


class Moody:
    """A server that answers as it is told to, and counts."""

    def __init__(self, *answers: web.Response | None) -> None:
        self.answers = list(answers)
        self.asked: list[web.BaseRequest] = []
        self.said: list[Any] = []

    async def answer(self, request: web.Request) -> web.Response:
        """None: the connection is cut."""
        self.asked.append(request)
        self.said.append(await request.json() if request.can_read_body else None)
        answer = self.answers.pop(0)
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer


@asynccontextmanager
async def open_moody(*answers: web.Response | None) -> AsyncIterator[tuple[AsyncTurnout, Moody]]:
    """A client of such a server."""
    moody, app = Moody(*answers), web.Application()
    app.router.add_route("*", "/{tail:.*}", moody.answer)
    async with TestServer(app) as server, open_turnout(str(server.make_url("/"))) as turnout:
        yield turnout, moody


def wait() -> web.Response:
    """Not now."""
    return web.json_response({"detail": "later"}, status=429, headers={"Retry-After": "0"})


def fine() -> web.Response:
    """Yes."""
    return web.json_response({"id": "1"})


async def test_what_was_refused_for_now_is_asked_again() -> None:
    """Whatever it is, since nothing was done; at last the refusal is told."""
    async with open_moody(wait(), wait(), fine()) as (turnout, moody):
        assert (await turnout.ask(events.send({"event": "e"})))["id"] == "1"
        assert len(moody.asked) == 3
    async with open_moody(*(wait() for _ in range(4))) as (turnout, moody):
        with pytest.raises(NotNow, match="later"):
            await turnout.ask(workflows.list_())
        assert len(moody.asked) == 4


async def test_what_may_have_been_done_is_repeated_only_where_that_does_no_harm() -> None:
    """A POST that can have no key is not; with one it is, under the same key; and so is a PUT."""
    async with open_moody(None) as (turnout, moody):
        with pytest.raises(NoAnswer):
            await turnout.ask(workflows.create({**FLOW, "environment_id": str(UUID(int=1))}))
        assert len(moody.asked) == 1
    async with open_moody(None, fine()) as (turnout, moody):
        await turnout.ask(events.send({"event": "e"}), key="once")
        assert [r.headers["Idempotency-Key"] for r in moody.asked] == ["once", "once"]
    async with open_moody(None, fine()) as (turnout, moody):
        await turnout.ask(actions.put("a", {"transport": "worker"}))
        assert len(moody.asked) == 2


async def test_a_worker_does_its_tasks_and_says_what_came_of_them(database: str) -> None:
    """An output, a failure that is final, one that is tried again, and an error of its own."""
    tried: list[Any] = []

    async def double(task: Task) -> Any:
        tried.append(task.input)
        if task.input == "never":
            raise TaskFailed("no", retryable=False)
        if task.input == "first not" and tried.count(task.input) == 1:
            raise ValueError("oh")
        await task.tell({"percent": 50})
        return task.input * 2

    async with (
        open_works(database) as works,
        open_api(works, OPERATOR) as api,
        open_turnout(str(api.make_url("/")), OPERATOR) as turnout,
    ):
        await turnout.ask(actions.put("double", {"transport": "worker"}))
        flow = (await turnout.ask(workflows.create(WORK)))["id"]
        stop = asyncio.Event()
        worker = Worker(turnout, {"double": double}, name="one", at_once=2)
        working = asyncio.create_task(worker.run(stop))
        ends: dict[Any, Any] = {}
        for given in (7, "first not", "never"):
            started = await turnout.ask(workflows.start(flow, payload=given))
            ends[given] = await ended(turnout, started["execution_id"])
        stop.set()
        await working
        assert {given: end["status"] for given, end in ends.items()} == {
            7: Status.COMPLETED,
            "first not": Status.COMPLETED,
            "never": Status.FAILED,
        }
        assert ends[7]["attempts"][-1]["output"] == 14
        told = [a["status"] for a in ends["first not"]["attempts"] if a["status"] != "WAITING"]
        assert told == ["RETRYING", "COMPLETED"]
        assert tried.count("never") == 1


async def test_a_worker_lives_as_long_as_it_works_and_stops_for_nobody(database: str) -> None:
    """A task that takes longer than its lease stays its own; one that is cancelled is let go."""
    beaten, held, gone = asyncio.Event(), asyncio.Event(), asyncio.Event()
    begun: list[Any] = []

    async def slow(task: Task) -> Any:
        begun.append(task.input)
        if task.input == "long":
            await beaten.wait()
            return "done"
        held.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()

    async with (
        open_works(database) as works,
        open_api(works, OPERATOR) as api,
        open_turnout(str(api.make_url("/")), OPERATOR) as turnout,
    ):
        await turnout.ask(actions.put("double", {"transport": "worker"}))
        flow = (await turnout.ask(workflows.create(WORK)))["id"]
        stop = asyncio.Event()
        working = asyncio.create_task(Worker(turnout, {"double": slow}, lease_s=3).run(stop))
        long = await turnout.ask(workflows.start(flow, payload="long"))
        later = "SELECT count(*) FROM waits WHERE beaten_at > since + interval '4 seconds'"
        await until(works.pool, later, 1)
        beaten.set()
        assert (await ended(turnout, long["execution_id"]))["status"] == Status.COMPLETED
        assert begun == ["long"]
        never = await turnout.ask(workflows.start(flow, payload="never"))
        async with asyncio.timeout(60):
            await held.wait()
            await turnout.ask(executions.cancel(never["execution_id"]))
            await gone.wait()
        stop.set()
        await working


async def test_a_stream_is_followed(database: str) -> None:
    """What happens in an execution arrives, to its end."""
    async with open_all(database) as (_, turnout):
        flow = (await turnout.ask(workflows.create(FLOW)))["id"]
        started = await turnout.ask(workflows.start(flow), key="k")
        id_ = started["execution_id"]
        await ended(turnout, id_)
        names = []
        async with asyncio.timeout(60):
            async for event in turnout.follow(executions.live(id_)):
                names.append(event.name)
                if event.name == "end":
                    break
        assert "entry" in names


def test_everything_can_be_asked_without_a_server() -> None:
    """A question is a value: it can be looked at, kept and compared."""
    asked = keys.create(name="k", scopes=["read"])
    assert (asked.method, asked.path) == ("POST", "v1/keys")
    assert asked == keys.create(name="k", scopes=["read"])
    assert orjson.dumps(tasks.complete("a/b", output=[1]).body) == b'{"output":[1]}'
    assert tasks.complete("a/b").path == "v1/tasks/a%2Fb/complete"
