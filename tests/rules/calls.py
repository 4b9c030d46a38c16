"""The receiver behind ``act`` and the resolver of entities: they answer as the cases say."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.domain.ids import ExecutionId
from shared.runtime.clock import Clock
from tests.rules.case import Case


class Calls:
    """An HTTP server; ``case_of`` knows whose execution calls. ``counts`` are by case and step."""

    def __init__(self, clock: Clock, case_of: Mapping[ExecutionId, Case]) -> None:
        self._clock = clock
        self._case_of = {str(id_): case for id_, case in case_of.items()}
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        app = web.Application()
        app.router.add_post("/act", self._act)
        app.router.add_post("/entity", self._entity)
        self.server = TestServer(app)

    def url(self, path: str) -> str:
        """An address of the server."""
        return str(self.server.make_url(path))

    async def _act(self, request: web.Request) -> web.StreamResponse:
        case = self._case_of[request.headers["Turnout-Execution-Id"]]
        key, calls = request.headers["Turnout-Step-Id"], self.counts[case.title]
        calls[key] += 1
        given = case.given(key, calls[key])
        if given.takes:
            await self._clock.sleep(given.takes)
        if given.hangs_up:
            assert request.transport is not None
            request.transport.abort()
        headers = {} if given.retry_after_s is None else {"Retry-After": str(given.retry_after_s)}
        if given.status is not None:
            return web.Response(status=given.status, headers=headers)
        return web.json_response(given.output)

    async def _entity(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        execution = request.headers["Idempotency-Key"].split(":")[0]
        return web.json_response(self._case_of[execution].entities.get(asked["entity_type"]))


@asynccontextmanager
async def open_calls(clock: Clock, case_of: Mapping[ExecutionId, Case]) -> AsyncIterator[Calls]:
    """A running receiver."""
    calls = Calls(clock, case_of)
    await calls.server.start_server()
    try:
        yield calls
    finally:
        async with asyncio.timeout(60):
            await calls.server.close()
