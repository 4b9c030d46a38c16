"""The driver asks any of the APIs: where nobody listens, another one answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientConnectorError, ClientSession, web

from tests.chaos.drive import Driver
from tests.chaos.history import History
from tests.support.ports import hold_port


@asynccontextmanager
async def api(name: str) -> AsyncIterator[str]:
    """One that says its name."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"name": name, "said": (await request.read()).decode()})

    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def driver(folder: Path, *urls: str) -> AsyncIterator[Driver]:
    """A driver of these APIs."""
    history = History(folder / "history.jsonl")
    async with ClientSession() as session:
        yield Driver(api_urls=urls, session=session, history=history)
    history.close()


async def test_all_apis_are_asked_in_turn(tmp_path: Path) -> None:
    """Each has its share."""
    async with api("one") as one, api("two") as two, driver(tmp_path, one, two) as driving:
        names = [(await driving.ask("GET", "/v1/waits")).body["name"] for _ in range(4)]
    assert names == ["one", "two", "one", "two"]


async def test_another_answers_for_one_that_is_down(tmp_path: Path) -> None:
    """Each request is answered, also one with a body as it is."""
    with hold_port() as port:
        down = f"http://127.0.0.1:{port}"
        async with api("two") as two, driver(tmp_path, down, two) as driving:
            for _ in range(3):
                assert (await driving.ask("GET", "/v1/waits")).body["name"] == "two"
                reply = await driving.post("/v1/events", b"raw", {"ce-id": "1"})
                assert (reply.status, b"raw" in reply.body) == (200, True)


async def test_that_nobody_listens_is_told(tmp_path: Path) -> None:
    """Then it was not heard, and the driver asks again later."""
    with hold_port() as port:
        async with driver(tmp_path, *[f"http://127.0.0.1:{port}"] * 2) as driving:
            with pytest.raises(ClientConnectorError):
                await driving.ask("GET", "/v1/waits")
