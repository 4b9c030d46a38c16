"""The native routes of event types: those that an environment registers."""

from functools import partial
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic import Field, TypeAdapter

from services.api.http.bodies import JSON, YAML, answer
from services.api.http.documents import validate
from services.api.http.etags import check, tagged
from services.api.http.pages import page_by
from services.api.http.parameters import is_name, name_in_path
from services.api.http.query_strings import (
    CURSOR,
    InEnvironment,
    ListQuery,
    Text,
    VersionQuery,
    VersionsQuery,
)
from services.api.http.route import AUTHOR, READ, Body, Route, document_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.note_changes import note
from services.api.resources import RESOURCES
from shared.db import event_types
from shared.db.audit import Change
from shared.domain.event_types import EventType, EventTypeName, EventTypeSpec
from shared.domain.steps import VERSION_MAX
from shared.expr.schemas import check_new
from shared.wire.documents.event_types import EventTypeDocument, EventTypeFields
from shared.wire.documents.parts import Page
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

_NAME: Final = TypeAdapter[str](EventTypeName)
_SAID_BY_US: Final = frozenset({"environment_id", "updated_at", "version"})


class EventTypesQuery(ListQuery, InEnvironment):
    """How much of the list is wanted."""

    cursor: Text | None = Field(None, description=CURSOR)


async def put(request: web.Request) -> web.Response:
    """200 with the event type; 201 when there was none."""
    resources = request.app[RESOURCES]
    name = request.match_info["name"]
    caller = await caller_of(request)
    spec = _spec(name, await document_of(request))
    if spec.json_schema is not None:
        checked = partial(check_new, spec.json_schema, "/schema")
        await resources.computing.call(caller.environment_id, checked)
    async with resources.tenant(caller.environment_id) as conn:
        before = await event_types.lock_event_type(conn, caller.environment_id, name)
        check(caller, before)
        done = await event_types.put_event_type(
            conn,
            caller.environment_id,
            name,
            spec,
            fallback_uid=resources.new_id(),
            now=resources.clock.now(),
        )
        if before is None or before.spec != done.event_type.spec:
            await note(resources, conn, caller, _change("put", name, before, done.event_type))
    response = answer(_document(done.event_type), status=201 if done.is_new else 200)
    return tagged(request, response, done.event_type)


async def get(request: web.Request) -> web.Response:
    """The event type of a name, as it is now or was in ``?version=``."""
    name = name_in_path(request, _NAME, "event type")
    version, environment_id = query_of(request, VersionQuery).version, await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        event_type = await event_types.get_event_type(conn, environment_id, name, version)
    return tagged(request, answer(_document(event_type)), event_type)


async def list_versions(request: web.Request) -> web.Response:
    """A page of an event type's versions, the latest first; the cursor is the last one."""
    name = name_in_path(request, _NAME, "event type")
    query, environment_id = query_of(request, VersionsQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await event_types.list_versions(
            conn, environment_id, name, before=query.cursor or VERSION_MAX, limit=query.limit + 1
        )
        if not found and query.cursor is None:
            await event_types.get_event_type(conn, environment_id, name)
    return answer(page_by(found, query.limit, _document, lambda one: str(one.version)))


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of names; the cursor is the last one."""
    query, environment_id = query_of(request, EventTypesQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await event_types.list_event_types(
            conn, environment_id, after=query.cursor or "", limit=query.limit + 1
        )
    return answer(page_by(found, query.limit, _document, lambda one: one.name))


async def delete(request: web.Request) -> web.Response:
    """204 once it is deleted."""
    name = name_in_path(request, _NAME, "event type")
    caller, resources = await caller_of(request), request.app[RESOURCES]
    async with resources.tenant(caller.environment_id) as conn:
        old = await event_types.lock_event_type(conn, caller.environment_id, name)
        await event_types.delete_event_type(conn, caller.environment_id, name)
        check(caller, old)
        await note(resources, conn, caller, _change("delete", name, old, None))
    return web.Response(status=204)


def _spec(name: str, document: dict[str, Any]) -> EventTypeSpec:
    """What a document says of the event type ``name``. Raises Invalid."""
    if not is_name(name, _NAME):
        detail = "A name has 1 to 256 characters, no control character and no '*' among them."
        raise invalid("/name", "INVALID_NAME", detail)
    if document.get("name", name) != name:
        raise invalid("/name", "OTHER_NAME", "It differs from the name in the path; leave it out.")
    said = {k: v for k, v in document.items() if k not in _SAID_BY_US and k != "name"}
    return validate(EventTypeSpec, said)


def _change(action: str, name: str, before: EventType | None, after: EventType | None) -> Change:
    return Change(
        action=f"event_type.{action}",
        target=f"event-type:{name}",
        before=None if before is None else before.spec.model_dump(mode="json"),
        after=None if after is None else after.spec.model_dump(mode="json"),
    )


def _document(event_type: EventType) -> EventTypeDocument:
    said: EventTypeFields = orjson.loads(event_type.spec.model_dump_json())
    return {
        "name": event_type.name,
        "version": event_type.version,
        "environment_id": str(event_type.environment_id),
        **said,
        "updated_at": stamp(event_type.updated_at),
    }


ROUTES: Final = (
    Route(
        *("GET", "/v1/event-types", list_all, READ),
        query=EventTypesQuery,
        answers={200: Page[EventTypeDocument]},
    ),
    Route(
        *("GET", "/v1/event-types/{name}", get, READ),
        query=VersionQuery,
        answers={200: EventTypeDocument, 304: None},
    ),
    Route(
        *("GET", "/v1/event-types/{name}/versions", list_versions, READ),
        query=VersionsQuery,
        answers={200: Page[EventTypeDocument]},
    ),
    Route(
        *("PUT", "/v1/event-types/{name}", put, AUTHOR),
        body=Body(model=EventTypeSpec, media=JSON | YAML),
        answers={200: EventTypeDocument, 201: EventTypeDocument},
    ),
    Route("DELETE", "/v1/event-types/{name}", delete, AUTHOR, answers={204: None}),
)
