"""A receiver that minds who is there with whom: so many calls at once, by their path."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


class Crowd:
    """``most`` is how many calls of a path were there at once, ``paths`` are in order of arrival.

    Calls stay for ``stay_s``, and until the gate is open.
    """

    def __init__(self, stay_s: float = 0.0) -> None:
        self.stay_s = stay_s
        self.gate = asyncio.Event()
        self.gate.set()
        self.here: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.paths: list[str] = []
        self.times: list[float] = []
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self.server = TestServer(app)

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.path
        self.paths.append(path)
        self.times.append(asyncio.get_running_loop().time())
        self.here[path] += 1
        self.most[path] = max(self.most[path], self.here[path])
        try:
            await self.gate.wait()
            await asyncio.sleep(self.stay_s)
        finally:
            self.here[path] -= 1
        return web.json_response({"ok": True})

    def step(self, **more: Any) -> dict[str, Any]:
        """A step that calls the path which the payload names as ``key``."""
        url = str(self.server.make_url("/")) + "{{payload.key}}"
        given = {"lang": "placeholder", "src": {"url": url}}
        return {"id": "call", "action": "http_request", "input": given, **more}


@asynccontextmanager
async def open_crowd(stay_s: float = 0.0) -> AsyncIterator[Crowd]:
    """A running receiver; its gate opens at the end."""
    made = Crowd(stay_s)
    await made.server.start_server()
    try:
        yield made
    finally:
        made.gate.set()
        await made.server.close()
