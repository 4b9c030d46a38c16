"""Whether the process lives, whether it can serve, and its metrics."""

from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.api.http.bodies import answer
from services.api.http.route import OPEN, Media, Route
from services.api.resources import RESOURCES, STOP
from shared.db.pool import check
from shared.domain.errors import Unavailable
from shared.wire.documents.health import HealthDocument


async def healthz(_request: web.Request) -> web.Response:
    """200 while the process answers."""
    return _well()


async def readyz(request: web.Request) -> web.Response:
    """200 when Postgres and the bus answer, else 503; 503 too once the process is being stopped."""
    stop = request.app.get(STOP)
    if stop is not None and stop.is_set():
        raise Unavailable("The api is being stopped.")
    resources = request.app[RESOURCES]
    await check(resources.pool)
    await resources.bus.check()
    return _well()


async def metrics(request: web.Request) -> web.Response:
    """The process's metrics in Prometheus' text format."""
    body = generate_latest(request.app[RESOURCES].registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _well() -> web.Response:
    document: HealthDocument = {"status": "ok"}
    return answer(document)


# Those who look after a process ask in words of their own.
ROUTES: Final = (
    Route("GET", "/healthz", healthz, OPEN, query=None, answers={200: HealthDocument}),
    Route("GET", "/readyz", readyz, OPEN, query=None, answers={200: HealthDocument}),
    Route("GET", "/metrics", metrics, OPEN, query=None, answers={200: Media(CONTENT_TYPE_LATEST)}),
)
