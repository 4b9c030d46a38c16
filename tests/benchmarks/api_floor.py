"""What the API is held against: a bare handler that answers, and one that also publishes."""

import asyncio
from typing import Any, Final

import orjson
from aiohttp import web

from services.cli.process.ports import LOOPBACK
from shared.assembly.platform import Platform
from shared.bus.protocol import Record

API_FLOOR: Final = "api-floor"
ANSWERS: Final = "answers"
PRODUCES: Final = "produces"

_ANSWER: Final = b'{"id":"' + b"0" * 100 + b'"}'


async def serve_floor(platform: Platform, kind: str, port: int, stop: asyncio.Event) -> None:
    """Serve until told to stop; ``kind`` is ANSWERS or PRODUCES."""

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        if kind == PRODUCES:
            given = orjson.loads(body)
            await platform.bus.publish(
                [_record(platform, one) for one in (given if isinstance(given, list) else [given])]
            )
        return web.Response(status=202, body=_ANSWER, content_type="application/json")

    async def show(_: web.Request) -> web.Response:
        return web.Response(body=_ANSWER, content_type="application/json")

    app = web.Application()
    app.add_routes(
        [
            web.post("/v1/events", take),
            web.post("/v1/events/batch", take),
            web.get("/{anything:.*}", show),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
        await stop.wait()
    finally:
        await runner.cleanup()


def _record(platform: Platform, event: dict[str, Any]) -> Record:
    key = str(event["id"]).encode()
    return Record(topic=platform.topics.sources[0], key=key, value=orjson.dumps(event))
