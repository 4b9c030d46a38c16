"""What is asked again after a 503 that may have come after the deed is done once."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from services.api.http.problems import TOO_MANY_LISTENERS, TOO_MUCH_TO_COMPUTE
from services.api.http.route import Route
from services.api.routes import ROUTES
from shared.client.api import events, keys, workflows
from shared.client.asked import Asked, path_of
from shared.client.errors import REFUSED_BEFORE, NotNow
from shared.client.turnout import AsyncTurnout, open_turnout
from shared.domain.errors import Conflict, NotFound
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR
from tests.integration.api.test_client import FLOW, fine, open_moody
from tests.integration.api.test_client_repeats import ID, refusal
from tests.integration.cli.command import Done
from tests.integration.cli.command import turnout as command
from tests.support.house import House, count, open_house
from tests.support.served import open_api
from tests.support.works import until

EVENTS = frozenset({"/v1/events", "/v1/events/batch"})
MINE: dict[str, Any] = {**FLOW, "triggers": [{"kind": "manual"}]}


class Late:
    """Between the client and the API: a 503 in place of the first answer to each change."""

    def __init__(self, api: str = "") -> None:
        self._api = api
        self.heard = Counter[tuple[str, str]]()
        self.keys = dict[str, list[str | None]]()

    async def answer(self, request: web.Request) -> web.Response:
        """What the API says, if there is one, or that it cannot say it; by turns."""
        key = request.headers.get("Idempotency-Key")
        self.keys.setdefault(request.path, []).append(key)
        self.heard[request.method, request.path] += 1
        told = await self._passed(request) if self._api else web.json_response({})
        is_late = request.method != "GET" and self.heard[request.method, request.path] % 2
        return refusal(503) if is_late else told

    async def _passed(self, request: web.Request) -> web.Response:
        left_out = ("host", "content-length", "accept-encoding")
        headers = {n: v for n, v in request.headers.items() if n.lower() not in left_out}
        raw = await request.read()
        async with (
            ClientSession() as session,
            session.request(
                request.method, f"{self._api}{request.path_qs}", data=raw, headers=headers
            ) as told,
        ):
            body = await told.read()
            kind = told.content_type
            return web.Response(body=body, status=told.status, content_type=kind)


@asynccontextmanager
async def served(late: Late) -> AsyncIterator[str]:
    """It at an address of its own."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", late.answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


@asynccontextmanager
async def open_late(database: str) -> AsyncIterator[tuple[House, str, AsyncTurnout]]:
    """Every role, and an API of which each change is told too late; its address and a client."""
    async with open_house(database) as house, open_api(house, OPERATOR) as api:
        late = Late(str(api.make_url("")).rstrip("/"))
        async with served(late) as url, open_turnout(url, OPERATOR) as turnout:
            yield house, url, turnout


async def test_the_client_does_each_thing_once(database: str) -> None:
    """Workflows, starts and events, with nothing said about keys or ids; and it deletes them."""
    async with open_late(database) as (house, _, turnout):
        flow = await turnout.ask(workflows.create(FLOW))
        assert await count(house.platform.pool, "workflows") == 1
        for _ in range(2):
            await turnout.ask(workflows.start(flow["id"]))
        taken = await turnout.ask(events.send({"event": "go"}))
        await turnout.ask(events.send_batch([{"event": "go"}, {"event": "go", "id": "x"}]))
        done = "SELECT count(*) FROM executions WHERE status = 'COMPLETED'"
        await until(house.platform.pool, done, 5)
        assert taken["id"]
        assert await count(house.platform.pool, "events") == 3
        assert await count(house.platform.pool, "executions") == 5
        await turnout.ask(workflows.delete(flow["id"]))
        with pytest.raises(NotFound):
            await turnout.ask(workflows.get(flow["id"]))


async def test_an_answer_that_is_told_once_is_not_made_twice(database: str) -> None:
    """A key that was made, of which nobody was told the secret: its repetition says so."""
    async with open_late(database) as (house, _, turnout):
        with pytest.raises(Conflict, match="It was carried out, on "):
            await turnout.ask(keys.create(name="k", scopes=["read"]))
        assert await count(house.platform.pool, "api_keys") == 1


async def test_commands_do_each_thing_once(database: str, tmp_path: Path) -> None:
    """A file of events, one event, a workflow without an id, and its start."""
    lines, flow = tmp_path / "events", tmp_path / "w.json"
    lines.write_text("\n".join([json.dumps({"event": "other"})] * 5))
    flow.write_text(json.dumps(MINE))
    async with open_late(database) as (house, url, _):

        async def run(*arguments: str) -> Done:
            asked = (*arguments, "--url", url, "--token", OPERATOR)
            done = await asyncio.to_thread(command, *asked)
            assert done.code == 0, done.err
            return done

        (made,) = (await run("workflow", "apply", str(flow), "--json")).json
        await run("event", "send", "--file", str(lines))
        await run("event", "send", "other")
        await run("workflow", "run", made["id"])
        pool = house.platform.pool
        await until(pool, "SELECT count(*) FROM executions WHERE status = 'COMPLETED'", 1)
        await until(pool, "SELECT count(*) FROM events", 6)
        found = [await count(pool, table) for table in ("workflows", "events", "executions")]
        assert found == [1, 6, 1]


def _asked(route: Route) -> Asked[Any]:
    parts = [ID] * route.path.count("{")
    path = path_of(route.path[1:], *parts)
    body: Any = [{}] if route.path == "/v1/events/batch" else {}
    return Asked(method=route.method, path=path, query={}, body=body)


async def test_every_route_that_changes_something_is_asked_again_under_one_key() -> None:
    """But for events, which have ids; what only looks, and what workers say, has neither."""
    ours = [
        route
        for route in ROUTES
        if route.method in ("POST", "PATCH") and route.path.startswith("/v1/")
    ]
    late = Late()
    async with served(late) as url, open_turnout(url) as turnout:
        await asyncio.gather(*(turnout.ask(_asked(route)) for route in ours))
    assert len(ours) > 40
    for route in ours:
        first, again = late.keys[f"/{_asked(route).path}"]
        looks = Scope.READ in route.needs or route.path.startswith("/v1/tasks/")
        assert first == again
        assert (first is None) is (looks or route.path in EVENTS), route.path


async def test_a_name_that_is_given_stays() -> None:
    """A key, under which events keep their bodies, an event's id, and a start's own key."""
    asked: tuple[tuple[Asked[Any], str | None], ...] = (
        (events.send({"event": "e"}), "mine"),
        (events.send_batch([{"event": "e"}]), "mine"),
        (events.send({"event": "e", "id": "mine", "environment_id": ID}), None),
        (workflows.start(ID, idempotency_key="mine"), None),
        (workflows.create(FLOW), "mine"),
    )
    for question, key in asked:
        async with open_moody(refusal(503), fine()) as (turnout, moody):
            await turnout.ask(question, key=key)
            assert [r.headers.get("Idempotency-Key") for r in moody.asked] == [key, key]
            assert moody.said == [json.loads(json.dumps(question.body))] * 2


async def test_what_can_have_no_name_is_not_repeated_after_a_503() -> None:
    """Other systems' routes, and documents that name an environment; a refusal did nothing."""
    there = workflows.create({**FLOW, "environment_id": ID})
    other: Asked[Any] = Asked(method="POST", path="truto/workflow", query={}, body=FLOW)
    for question in (there, other):
        async with open_moody(refusal(429), refusal(503), fine()) as (turnout, moody):
            with pytest.raises(NotNow, match="may have been done all the same: look") as told:
                await turnout.ask(question)
            assert (told.value.may_be_done, len(moody.asked)) == (True, 2)
        async with open_moody(refusal(503, "TOO_MUCH_TO_COMPUTE"), fine()) as (turnout, moody):
            await turnout.ask(question)


@pytest.mark.parametrize("code", ["", "10000"])
async def test_a_503_of_whoever_stands_between_may_come_after_the_deed(code: str) -> None:
    """A code of its own says nothing of what was done; those of the API that do are known."""
    async with open_moody(refusal(503, code), fine()) as (turnout, moody):
        with pytest.raises(NotNow):
            await turnout.ask(workflows.create({**FLOW, "environment_id": ID}))
        assert len(moody.asked) == 1
    assert {TOO_MANY_LISTENERS, TOO_MUCH_TO_COMPUTE} == REFUSED_BEFORE


async def test_what_may_be_done_in_the_end_says_how_to_ask_for_it_again() -> None:
    """By the key that it was given, unless the caller knows it; nothing of reads and refusals."""
    for question, key, advice in (
        (workflows.start(ID), None, "ask again with the Idempotency-Key '"),
        (events.send({"event": "e"}), None, "sent again with the id '"),
        (workflows.start(ID), "mine", None),
        (workflows.get(ID), None, None),
    ):
        async with open_moody(*(refusal(503) for _ in range(4))) as (turnout, _):
            with pytest.raises(NotNow) as told:
                await turnout.ask(question, key=key)
        assert told.value.may_be_done
        assert told.value.message == "no" if advice is None else advice in told.value.message
    async with open_moody(*(refusal(429) for _ in range(4))) as (turnout, _):
        with pytest.raises(NotNow) as told:
            await turnout.ask(workflows.start(ID))
    assert (told.value.may_be_done, told.value.message) == (False, "no")
