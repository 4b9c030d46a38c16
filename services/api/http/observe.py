"""What every request leaves behind: its id, and its share of the metrics."""

import re
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import Histogram

from services.api.http.problems import REQUEST_ID
from services.api.resources import ApiResources
from shared.domain.ids import EnvironmentId
from shared.runtime.environment_names import EnvironmentCounter

ENVIRONMENT: Final = web.RequestKey("environment", EnvironmentId)
"""Whose request it is, once that is known: never an id that nobody has shown to be there."""

_HEADER: Final = "X-Request-Id"
_FIT: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


def observe(resources: ApiResources) -> Middleware:
    """The middleware. A caller's fitting ``X-Request-Id`` is kept, any other replaced."""
    clock = resources.clock
    seconds = Histogram(
        "turnout_http_request_seconds",
        "Requests answered, and how long it took",
        ("method", "route", "status"),
        registry=resources.registry,
    )
    requests = EnvironmentCounter(
        "turnout_http_requests",
        "Requests answered",
        ("status",),
        names=resources.environment_names,
        registry=resources.registry,
    )

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(_HEADER, "")
        request[REQUEST_ID] = given if _FIT.fullmatch(given) else str(resources.new_id())
        started = clock.monotonic()
        response = await handler(request)
        if isinstance(response, web.Response):  # a stream takes as long as somebody listens
            seconds.labels(_method(request), _route(request), response.status).observe(
                clock.monotonic() - started
            )
            requests.add(request.get(ENVIRONMENT), str(response.status))
        return response

    return middleware


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical


def _method(request: web.Request) -> str:
    # A caller may invent methods; each would be a metric of its own.
    return "unknown" if request.match_info.route.resource is None else request.method
