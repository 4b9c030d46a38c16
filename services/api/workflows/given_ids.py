"""Asking for a workflow by the id that it was given, where its environment has another for it."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from services.api.http.parameters import id_in_path
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from shared.db.workflows import find_latest
from shared.domain.errors import NotFound
from shared.domain.ids import WorkflowId, own_id

_OF_ONE: Final = "/v1/workflows/{id}"


def by_given_ids() -> Middleware:
    """The middleware: what is not found under the id in the path is asked for under its own.

    Nothing was done when a handler says that there is no such workflow.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotFound:
            if not await _is_given(request):
                raise
        return await handler(request)

    return middleware


async def _is_given(request: web.Request) -> bool:
    """Whether the id in the path is one that was given; the request then has its own in its place.

    Raises NotFound.
    """
    resource = request.match_info.route.resource
    if resource is None or not resource.canonical.startswith(_OF_ONE):
        return False
    environment_id = await environment_of(request)
    own = own_id(environment_id, WorkflowId(id_in_path(request)))
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        is_there = await find_latest(conn, own) is not None
    if is_there:
        request.match_info["id"] = str(own)
    return is_there
