"""The native routes of event types: those that an environment registers.

``?environment_id=`` names another environment than the default one.
"""

from typing import Any, Final

from aiohttp import web
from pydantic import TypeAdapter

from services.api.bodies import answer, read_document, validate
from services.api.note_changes import note
from services.api.pages import split_page
from services.api.parameters import Query, is_name, name_in_path
from services.api.resources import RESOURCES, SETTINGS
from shared.db import event_types
from shared.db.audit import Change
from shared.domain.event_types import EventType, EventTypeName, EventTypeSpec
from shared.expr.schemas import JsonSchema
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

_NAME: Final = TypeAdapter[str](EventTypeName)
_SAID_BY_US: Final = frozenset({"environment_id", "updated_at"})


async def put(request: web.Request) -> web.Response:
    """200 with the event type; 201 when there was none."""
    resources = request.app[RESOURCES]
    name = request.match_info["name"]
    caller = await Query(request, "environment_id").caller()
    spec = _spec(name, await read_document(request, request.app[SETTINGS]))
    async with resources.tenant(caller.environment_id) as conn:
        before = await event_types.find_event_type(conn, caller.environment_id, name)
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
    return answer(_document(done.event_type), status=201 if done.is_new else 200)


async def get(request: web.Request) -> web.Response:
    """The event type of a name."""
    name = name_in_path(request, _NAME, "event type")
    environment_id = await Query(request, "environment_id").environment()
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        return answer(_document(await event_types.get_event_type(conn, environment_id, name)))


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of names; the cursor is the last one."""
    query = Query(request, "environment_id", "limit", "cursor")
    environment_id, after, limit = await query.environment(), query.text("cursor"), query.limit
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await event_types.list_event_types(
            conn, environment_id, after=after or "", limit=limit + 1
        )
    page, last = split_page(found, limit)
    return answer({"items": [_document(one) for one in page], "next_cursor": last and last.name})


async def delete(request: web.Request) -> web.Response:
    """204."""
    name = name_in_path(request, _NAME, "event type")
    caller = await Query(request, "environment_id").caller()
    resources = request.app[RESOURCES]
    async with resources.tenant(caller.environment_id) as conn:
        old = await event_types.get_event_type(conn, caller.environment_id, name)
        await event_types.delete_event_type(conn, caller.environment_id, name)
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
    spec = validate(EventTypeSpec, said)
    if spec.json_schema is not None:
        JsonSchema(spec.json_schema, "/schema")
    return spec


def _change(action: str, name: str, before: EventType | None, after: EventType | None) -> Change:
    return Change(
        action=f"event_type.{action}",
        target=f"event-type:{name}",
        before=None if before is None else before.spec.model_dump(mode="json"),
        after=None if after is None else after.spec.model_dump(mode="json"),
    )


def _document(event_type: EventType) -> dict[str, Any]:
    return {
        "name": event_type.name,
        "environment_id": str(event_type.environment_id),
        **event_type.spec.model_dump(mode="json"),
        "updated_at": stamp(event_type.updated_at),
    }
