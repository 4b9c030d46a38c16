"""An HTTP server that answers at once, by plan, or only when a test lets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


class Receiver:
    """An HTTP server that answers at once, by plan, or only once its gate is open."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.plan: list[web.Response] = []
        self.status = 200
        self.answered = 0
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self.server = TestServer(app)

    async def _answer(self, request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        self.keys.append(key)
        planned = self.plan.pop(0) if self.plan else None
        if request.path == "/flaky" and self.keys.count(key) == 1:
            planned = web.Response(status=503)
        if planned is None:
            await self.gate.wait()
        self.answered += 1
        return planned or web.json_response({"ok": True}, status=self.status)

    def step(self, path: str = "/", **more: Any) -> dict[str, Any]:
        """A step that calls the receiver; ``/flaky`` fails each call the first time."""
        url = str(self.server.make_url(path))
        return {"id": "call", "action": "http_request", "input": {"src": {"url": url}}, **more}


@asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    """A running receiver; its gate opens at the end."""
    made = Receiver()
    await made.server.start_server()
    try:
        yield made
    finally:
        made.gate.set()
        await made.server.close()
