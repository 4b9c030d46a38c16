"""Holding what the API answers against what its routes say that they answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from types import GenericAlias
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler, Middleware
from pydantic import ConfigDict, TypeAdapter, ValidationError

from services.api.http.route import ROUTE, Media, Route
from services.api.server_log import server_log

# In a list, as the configuration is for what the type does not configure itself.
_STRICT = ConfigDict(extra="forbid", strict=True)


@asynccontextmanager
async def open_checked(
    app: web.Application,
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """A client of the application; at the end, fails if an answer was not as its route says."""
    drifts: list[str] = []
    app.middlewares.append(_checking(drifts))
    server = TestServer(app)
    await server.start_server(logger=server_log())
    async with TestClient(server) as client:
        yield client
    assert not drifts, "\n".join(drifts)


def _checking(drifts: list[str]) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if ROUTE in request and isinstance(response, web.Response) and response.status < 400:
            route = request[ROUTE]
            fault = _fault(route, response)
            if fault is not None:
                drifts.append(f"{route.method} {route.path} {response.status}: {fault}")
        return response

    return middleware


def _fault(route: Route, response: web.Response) -> str | None:
    if response.status not in route.answers:
        return "the status is not declared"
    declared, media = route.answers[response.status], response.content_type
    if declared is None:
        return "it has a body" if response.body else None
    if isinstance(declared, Media):
        return None if media == declared.type.partition(";")[0] else f"it is {media}"
    assert isinstance(response.body, bytes)
    try:
        _adapter(route, response.status).validate_json(b"[%b]" % response.body)
    except ValidationError as error:
        return str(error)
    return None


@cache
def _adapter(route: Route, status: int) -> TypeAdapter[Any]:
    listed: Any = GenericAlias(list, route.answers[status])
    return TypeAdapter(listed, config=_STRICT)
