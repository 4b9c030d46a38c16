"""Commands at an API that says 'not now', that is gone for a moment, or that is elsewhere."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.integration.cli.command import Done, eventually, running, turnout

ID = "0b0e2a3c-6a53-4b36-9f1c-1f0d3d6a9f10"
EMPTY: dict[str, Any] = {"items": [], "next_cursor": None}


class Heard(NamedTuple):
    """A request: how and where it was made, under which Idempotency-Key, and what it says."""

    method: str
    path: str
    key: str | None
    body: Any


class Busy:
    """Answers as it is told to, the last answer for ever; None: the connection is cut."""

    def __init__(self, *answers: tuple[int, Any] | None, wait_s: int = 1) -> None:
        self.answers = list(answers)
        self.asked: list[Heard] = []
        self.url = ""
        self._wait_s = wait_s

    async def answer(self, request: web.Request) -> web.Response:
        """The next answer."""
        body = await request.json() if request.can_read_body else None
        key = request.headers.get("Idempotency-Key")
        self.asked.append(Heard(request.method, request.path, key, body))
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if told is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        status, body = told
        if isinstance(body, str):
            return web.Response(text=body, content_type="text/event-stream")
        headers = {"Retry-After": str(self._wait_s)} if status in (429, 503) else {}
        return web.json_response(body, status=status, headers=headers)

    async def run(self, *arguments: str) -> Done:
        """A command that asks this."""
        return await asyncio.to_thread(turnout, *arguments, "--url", self.url)


LATER: tuple[int, Any] = (429, {"detail": "You ask too often."})
DOWN: tuple[int, Any] = (503, {"detail": "Postgres does not answer."})


@asynccontextmanager
async def serving(busy: Busy) -> AsyncIterator[Busy]:
    """It at an address of its own."""
    app = web.Application(client_max_size=1 << 22)
    app.router.add_route("*", "/{tail:.*}", busy.answer)
    async with TestServer(app) as server:
        busy.url = str(server.make_url(""))
        yield busy


async def test_what_is_in_mid_work_waits_and_goes_on(tmp_path: Path) -> None:
    """All events are sent, each counts once; what is said about it is not among the data."""
    file = tmp_path / "events"
    file.write_text("\n".join(['{"event": "go"}'] * 2_001))
    taken: tuple[int, Any] = (202, {"items": []})
    async with serving(Busy(taken, LATER, DOWN, taken)) as busy:
        done = await busy.run("event", "send", "--file", str(file), "--json")
    assert (done.code, done.json) == (0, {"sent": 2_001})
    assert len(busy.asked) == 5
    first, *same, last = [[event["id"] for event in heard.body] for heard in busy.asked]
    assert same == [same[0]] * 3
    assert len({*first, *same[0], *last}) == 2_001
    assert "You ask too often. Asking again in 1 s" in done.err
    assert "Postgres does not answer. Asking again in 2 s" in done.err


async def test_a_stream_that_cannot_be_opened_yet() -> None:
    """It is opened when it can be."""
    record = {"execution_id": ID, "error": None, "phase": "created", "at": "now"}
    stream = f"id: 1\nevent: execution\ndata: {json.dumps(record)}\n\n"
    async with serving(Busy(DOWN, (200, stream))) as busy:
        done = await busy.run("live", "--count", "1", "--json")
    assert (done.code, done.json["execution_id"]) == (0, ID)
    assert "Asking again" in done.err


async def test_what_asks_for_more_patience_than_there_is() -> None:
    """Is told at once, with the time that it asks for, and how to be more patient."""
    async with serving(Busy(LATER, wait_s=3_600)) as busy:
        done = await busy.run("workflow", "list")
        assert (done.code, done.out, len(busy.asked)) == (5, "", 1)
        assert "for 3,600 s; --patience is 60 s" in done.err
        done = await busy.run("workflow", "list", "--patience", "0")
        assert (done.code, done.err) == (5, "Error: You ask too often.\n")
    async with serving(Busy(LATER)) as busy:
        done = await busy.run("workflow", "list", "--patience", "1")
        assert (done.code, len(busy.asked)) == (5, 2)
        assert done.err.count("Asking again in 1 s") == 1


async def test_ctrl_c_ends_the_waiting(tmp_path: Path) -> None:
    """With the code of every command that is interrupted."""

    def interrupted(url: str) -> tuple[int, str]:
        asked = ("workflow", "list", "--patience", "3600", "--url", url)
        with running(*asked, folder=tmp_path) as process:
            eventually(lambda: "Asking again" in process.err)
            return process.end(signal.SIGINT, within_s=60), process.err

    async with serving(Busy(LATER, wait_s=3_000)) as busy:
        code, err = await asyncio.to_thread(interrupted, busy.url)
    assert (code, "Traceback" in err) == (130, False)


async def test_an_api_that_is_gone_for_a_moment() -> None:
    """In mid-work it is waited for where to ask twice does no harm; never at the start."""
    page = (200, {"items": [{"id": "1"}], "next_cursor": "x"})
    async with serving(Busy(page, None, (200, EMPTY))) as busy:
        done = await busy.run("workflow", "list", "--json")
    assert (done.code, done.json, len(busy.asked)) == (0, [{"id": "1"}], 3)
    assert "does not answer" in done.err
    async with serving(Busy(None)) as busy:
        done = await busy.run("workflow", "list", "--json")
        assert (done.code, len(busy.asked)) == (5, 1)
        assert "turnout dev" in done.err


async def test_an_address_that_is_not_the_api() -> None:
    """Nothing is sent on; what to set is said."""
    moved: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        moved.append(request.path)
        there = "https://api.example/v1/secrets/x"
        return web.Response(status=307, headers={"Location": there})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url(""))
        asked = ("secret", "set", "x", "--url", url)
        done = await asyncio.to_thread(turnout, *asked, given="hush")
    assert (done.code, moved, "Traceback" in done.err) == (4, ["/v1/secrets/x"], False)
    assert "sends on to https://api.example/" in done.err
    assert "--url or TURNOUT_URL" in done.err


@pytest.mark.parametrize("said", ["\x1b[2J", "\x07\x9b1m"])
async def test_what_an_api_says_does_nothing_to_a_terminal(said: str) -> None:
    """Whatever it is that answers."""
    async with serving(Busy((404, {"detail": f"no {said}"}))) as busy:
        done = await busy.run("workflow", "get", ID)
    assert (done.code, said in done.err) == (3, False)
    assert "Error: no \\x" in done.err
