"""What the client says when it has asked again, and when it is not the API that answers."""

from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from shared.client.api import keys, live, workflows
from shared.client.errors import NotNow, WrongAddress
from shared.client.turnout import AsyncTurnout, open_turnout
from shared.domain.errors import Conflict, Defect, NotFound
from tests.integration.api.asking import OPERATOR
from tests.integration.api.test_client import FLOW, fine, open_moody
from tests.support.house import open_house
from tests.support.served import open_api

ID = "0b0e2a3c-6a53-4b36-9f1c-1f0d3d6a9f10"
GONE = web.HTTPNotFound.status_code


def refusal(status: int, *codes: str) -> web.Response:
    """A problem document."""
    errors = [{"pointer": "", "code": code, "detail": "so"} for code in codes]
    headers = {"Retry-After": "0"}
    return web.json_response({"detail": "no", "errors": errors}, status=status, headers=headers)


async def test_what_is_gone_after_a_lost_answer_is_deleted() -> None:
    """And after a 503: what was never asked for before, or refused, is told as not found."""
    for lost in (None, refusal(503)):
        async with open_moody(lost, refusal(GONE)) as (turnout, moody):
            answer = await turnout.call(keys.revoke(ID))
            assert (answer.status, answer.body, len(moody.asked)) == (204, None, 2)
    for before in ([], [refusal(429)], [refusal(503, "TOO_MUCH_TO_COMPUTE")]):
        async with open_moody(*before, refusal(GONE)) as (turnout, moody):
            with pytest.raises(NotFound):
                await turnout.ask(keys.revoke(ID))
    async with open_moody(None, refusal(GONE)) as (turnout, moody):
        with pytest.raises(NotFound):
            await turnout.ask(workflows.get(ID))


class Lossy:
    """Between the client and the API: passes all on, and loses the first answer to a PUT."""

    def __init__(self, api: str) -> None:
        self._api = api
        self.put = 0

    async def answer(self, request: web.Request) -> web.Response:
        """What the API says, but for the one."""
        passed = ("Idempotency-Key", "If-Match", "Content-Type", "Authorization")
        headers = {name: request.headers[name] for name in passed if name in request.headers}
        url, raw = f"{self._api}{request.path.lstrip('/')}", await request.read()
        async with (
            ClientSession() as session,
            session.request(request.method, url, data=raw, headers=headers) as told,
        ):
            body, status, etag = await told.read(), told.status, told.headers["ETag"]
        self.put += request.method == "PUT"
        if self.put == 1:
            self.put += 1
            assert request.transport is not None
            request.transport.abort()
        return web.Response(
            body=body, status=status, headers={"ETag": etag}, content_type="application/json"
        )


async def changed(turnout: AsyncTurnout, document: dict[str, Any]) -> str:
    """The name that a workflow has for whoever changes it, if it still is as it was."""
    made = await turnout.call(workflows.create(FLOW))
    asked = workflows.replace(made.body["id"], document)
    return (await turnout.ask(asked, if_match=made.headers["ETag"]))["name"]


async def test_a_change_whose_answer_is_lost_is_told_as_done(database: str) -> None:
    """It is not its own repetition that hinders it."""
    async with open_house(database) as house, open_api(house, OPERATOR) as api:
        lossy, app = Lossy(str(api.make_url("/"))), web.Application()
        app.router.add_route("*", "/{tail:.*}", lossy.answer)
        async with (
            TestServer(app) as server,
            open_turnout(str(server.make_url("/")), OPERATOR) as turnout,
        ):
            assert await changed(turnout, {**FLOW, "name": "two"}) == "two"
        assert lossy.put == 3


async def test_a_change_that_may_be_its_own_hindrance_says_so() -> None:
    """Where the document names an environment, for which the API takes no key."""
    asked = workflows.replace(ID, {**FLOW, "environment_id": ID})
    async with open_moody(None, refusal(412)) as (turnout, moody):
        with pytest.raises(Conflict, match=r"no .*that very request"):
            await turnout.ask(asked, if_match='"1"')
        assert all("Idempotency-Key" not in request.headers for request in moody.asked)
    async with open_moody(refusal(412)) as (turnout, moody):
        with pytest.raises(Conflict) as told:
            await turnout.ask(asked, if_match='"1"')
        assert told.value.message == "no"


async def test_a_key_that_is_in_use_is_waited_for() -> None:
    """The first request is being carried out: asked again, its answer comes."""
    for again in (fine(), refusal(409, "KEY_IN_USE")):
        async with open_moody(None, *[refusal(409, "KEY_IN_USE")] * 2, again) as (turnout, moody):
            asked = workflows.start(ID)
            if again.status == 200:
                assert (await turnout.call(asked, key="once")).status == 200
            else:
                with pytest.raises(NotNow, match="no"):
                    await turnout.ask(asked, key="once")
            assert len(moody.asked) == 4


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """Neither the document nor the token goes elsewhere; the address to use is told."""
    there = f"https://api.example/turnout/v1/workflows?{status}"
    moved = [web.Response(status=status, headers={"Location": to}) for to in (there, "/here")]
    async with open_moody(*moved, fine()) as (turnout, moody):
        with pytest.raises(WrongAddress, match=r"sends on to https://api.example/turnout/, "):
            await turnout.ask(workflows.create(FLOW))
        with pytest.raises(WrongAddress, match=r"sends on to http://127.0.0.1:\d+/here, "):
            await turnout.ask(workflows.create(FLOW))
        assert len(moody.asked) == 2


async def test_a_redirect_to_nowhere_and_of_a_stream() -> None:
    """Whatever its address is like, it is told and not followed."""
    for place in ("http://[", "", "\u2028", "x" * 4_000):
        moved = web.Response(status=307, headers={"Location": place})
        async with open_moody(moved) as (turnout, moody):
            with pytest.raises(WrongAddress) as told:
                _ = [event async for event in turnout.follow(live.follow())]
            assert (len(moody.asked), len(told.value.message) < 500) == (1, True)


async def test_what_is_not_the_api() -> None:
    """A page of a web server is told as such, whatever was asked for."""
    pages = [web.Response(text="<html>\n\n</html>", content_type="text/html") for _ in range(2)]
    async with open_moody(*pages) as (turnout, _):
        with pytest.raises(WrongAddress, match="200 with text/html"):
            await turnout.ask(workflows.list_())
        with pytest.raises(WrongAddress, match="200 with text/html"):
            _ = [event async for event in turnout.follow(live.follow())]
    async with open_moody(web.json_response({"errors": 5}, status=500)) as (turnout, _):
        with pytest.raises(Defect):
            await turnout.ask(workflows.list_())
    async with open_moody(web.json_response({"errors": 5}, status=404)) as (turnout, _):
        with pytest.raises(NotFound):
            await turnout.ask(workflows.list_())
