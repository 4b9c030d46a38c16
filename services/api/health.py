"""Whether the process lives, whether it can serve, and its metrics."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.api.bodies import answer
from services.api.resources import RESOURCES, STOP
from shared.db.pool import check
from shared.domain.errors import Unavailable


async def healthz(_request: web.Request) -> web.Response:
    """200 while the process answers."""
    return answer({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """200 when Postgres and the bus answer, else 503; 503 too once the process is being stopped."""
    stop = request.app.get(STOP)
    if stop is not None and stop.is_set():
        raise Unavailable("The api is being stopped.")
    resources = request.app[RESOURCES]
    await check(resources.pool)
    await resources.bus.check()
    return answer({"status": "ok"})


async def metrics(request: web.Request) -> web.Response:
    """The process's metrics in Prometheus' text format."""
    body = generate_latest(request.app[RESOURCES].registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
