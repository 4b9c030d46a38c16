"""Thena's routes of what there is to build of."""

from typing import Final

from aiohttp import web
from pydantic import Field

from services.api.dialects.thena.documents import (
    ThenaActivityDocument,
    ThenaEventDocument,
    ThenaOperatorsDocument,
)
from services.api.dialects.thena.paths import ThenaListQuery
from services.api.dialects.thena.registry import (
    CLOCK,
    OURS,
    built_in_activity,
    render_activity,
    render_event,
    render_operators,
    unregistered_event,
)
from services.api.http.bodies import answer
from services.api.http.query_strings import Text
from services.api.http.route import READ, Route, query_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from shared.db.actions import list_actions
from shared.db.event_types import list_event_types

_REGISTRY: Final = "/thena/api/v1/workflows/registry"


class RegistryQuery(ThenaListQuery):
    """Which part of a registry is wanted, in the order of names."""

    after: Text | None = Field(None, description="The name of the last one that is known.")


async def list_events(request: web.Request) -> web.Response:
    """The types of events that may start workflows: the registered ones, and the clock's."""
    query, environment_id = query_of(request, RegistryQuery), await environment_of(request)
    after = query.after or ""
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_event_types(conn, environment_id, after=after, limit=query.limit)
    registered = {event_type.name: render_event(event_type) for event_type in found}
    clock = {name: unregistered_event(name) for name in CLOCK if name > after}
    listed = sorted((clock | registered).items())
    return answer([event for _, event in listed[: query.limit]])


async def list_activities(request: web.Request) -> web.Response:
    """The activities that steps may call: the registered ones, and Turnout's own."""
    query, environment_id = query_of(request, RegistryQuery), await environment_of(request)
    after = query.after or ""
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_actions(conn, environment_id, after=after, limit=query.limit)
    ours = {name: built_in_activity(name, said) for name, said in OURS.items() if name > after}
    listed = sorted((ours | {action.name: render_activity(action) for action in found}).items())
    return answer([activity for _, activity in listed[: query.limit]])


async def list_operators(_: web.Request) -> web.Response:
    """The operators of filters, and how filters are joined."""
    return answer(render_operators())


ROUTES: Final = (
    Route(
        *("GET", f"{_REGISTRY}/events", list_events, READ),
        query=RegistryQuery,
        answers={200: list[ThenaEventDocument]},
    ),
    Route(
        *("GET", f"{_REGISTRY}/activities", list_activities, READ),
        query=RegistryQuery,
        answers={200: list[ThenaActivityDocument]},
    ),
    Route(
        *("GET", f"{_REGISTRY}/operators", list_operators, READ),
        answers={200: ThenaOperatorsDocument},
    ),
)
