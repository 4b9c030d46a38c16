"""The native routes of actions: those of every installation, and those an environment registers.

``?environment_id=`` names another environment than the default one.
"""

from heapq import merge
from typing import Any, Final

from aiohttp import web
from pydantic import TypeAdapter

from services.api.bodies import answer, read_document, validate
from services.api.note_changes import note
from services.api.pages import split_page
from services.api.parameters import Query, is_name, name_in_path
from services.api.resources import RESOURCES, SETTINGS
from services.api.tasks import ensure_task_topic
from shared.db import actions
from shared.db.audit import Change
from shared.domain.actions import BUILT_IN, ActionName, ActionSpec, RegisteredAction, Transport
from shared.domain.errors import Conflict, Invalid, NotFound, Problem
from shared.domain.steps import VERSION_MAX
from shared.egress.errors import DestinationRefused
from shared.egress.guard import EgressPolicy, check_url
from shared.expr.resolve import value_problems
from shared.expr.schemas import JsonSchema
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

_NAME: Final = TypeAdapter[str](ActionName)
_SAID_BY_US: Final = frozenset({"environment_id", "version", "updated_at"})
# Which private addresses may be called is the executor's to say.
_SPELLING: Final = EgressPolicy(allow_private=True, allow_loopback=True, deny_ports=frozenset())


async def put(request: web.Request) -> web.Response:
    """200 with the action; 201 when there was none."""
    resources = request.app[RESOURCES]
    name = request.match_info["name"]
    caller = await Query(request, "environment_id").caller()
    spec = _spec(name, await read_document(request, request.app[SETTINGS]))
    if spec.transport is Transport.WORKER:
        await ensure_task_topic(resources, name)
    async with resources.tenant(caller.environment_id) as conn:
        done = await actions.put_action(
            conn, caller.environment_id, name, spec, resources.clock.now()
        )
        if done.action is not done.before:
            await note(resources, conn, caller, _change("put", name, done.before, done.action))
    return answer(_registered(done.action), status=201 if done.is_new else 200)


async def get(request: web.Request) -> web.Response:
    """A version (``?version=``), or the latest."""
    name = name_in_path(request, _NAME, "action")
    query = Query(request, "environment_id", "version")
    environment_id = await query.environment()
    version = query.integer("version", minimum=1, maximum=VERSION_MAX)
    if name in BUILT_IN and version is None:
        return answer(_built_in(name))
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        return answer(_registered(await actions.get_action(conn, environment_id, name, version)))


async def list_versions(request: web.Request) -> web.Response:
    """A page of an action's versions, the latest first; the cursor is the last one."""
    name = name_in_path(request, _NAME, "action")
    query = Query(request, "environment_id", "limit", "cursor")
    environment_id, limit = await query.environment(), query.limit
    before = query.integer("cursor", minimum=1, maximum=VERSION_MAX) or VERSION_MAX
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await actions.list_versions(
            conn, environment_id, name, before=before, limit=limit + 1
        )
    if not found and query.text("cursor") is None:
        raise NotFound(f"There is no action '{name}' that has versions.")
    page, last = split_page([_registered(action) for action in found], limit)
    return answer({"items": page, "next_cursor": last and str(last["version"])})


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of names; the cursor is the last one."""
    query = Query(request, "environment_id", "limit", "cursor")
    environment_id, after, limit = await query.environment(), query.text("cursor"), query.limit
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await actions.list_actions(conn, environment_id, after=after or "", limit=limit + 1)
    built_in = (_built_in(name) for name in sorted(BUILT_IN) if name > (after or ""))
    listed = list(merge(built_in, map(_registered, found), key=lambda action: action["name"]))
    page, last = split_page(listed, limit)
    return answer({"items": page, "next_cursor": last and last["name"]})


async def delete(request: web.Request) -> web.Response:
    """204."""
    resources = request.app[RESOURCES]
    name = name_in_path(request, _NAME, "action")
    caller = await Query(request, "environment_id").caller()
    if name in BUILT_IN:
        raise _not_ours_to_change(name)
    async with resources.tenant(caller.environment_id) as conn:
        old = await actions.get_action(conn, caller.environment_id, name)
        await actions.delete_action(conn, caller.environment_id, name, resources.clock.now())
        await note(resources, conn, caller, _change("delete", name, old, None))
    return web.Response(status=204)


def _spec(name: str, document: dict[str, Any]) -> ActionSpec:
    """What a document says of the action ``name``. Raises Invalid, Conflict."""
    if name in BUILT_IN:
        raise _not_ours_to_change(name)
    if not is_name(name, _NAME):
        detail = "A name has 1 to 256 characters, none of them a control character."
        raise invalid("/name", "INVALID_NAME", detail)
    if document.get("name", name) != name:
        raise invalid("/name", "OTHER_NAME", "It differs from the name in the path; leave it out.")
    spec = validate(
        ActionSpec, {k: v for k, v in document.items() if k not in _SAID_BY_US and k != "name"}
    )
    problems = _problems(spec)
    if problems:
        raise Invalid(problems)
    return spec


def _problems(spec: ActionSpec) -> list[Problem]:
    problems: list[Problem] = []
    for field in ("input_schema", "output_schema"):
        schema = getattr(spec, field)
        try:
            if schema is not None:
                JsonSchema(schema, f"/{field}")
        except Invalid as error:
            problems += error.problems
    try:
        if spec.url is not None:
            check_url(spec.url, _SPELLING)
    except DestinationRefused as error:
        detail = f"It cannot be called: {error.message.rstrip('.')}."
        problems.append(Problem(pointer="/url", code="INVALID_URL", detail=detail))
    if spec.throttle is not None and spec.throttle.key is not None:
        problems += value_problems(spec.throttle.key, "/throttle/key/src")
    return problems


def _change(
    action: str, name: str, before: RegisteredAction | None, after: RegisteredAction | None
) -> Change:
    """Its versions never change, and have the rest."""
    return Change(
        action=f"action.{action}",
        target=f"action:{name}",
        before=None if before is None else {"version": before.version},
        after=None if after is None else {"version": after.version},
    )


def _registered(action: RegisteredAction) -> dict[str, Any]:
    return {
        "name": action.name,
        "environment_id": str(action.environment_id),
        "version": action.version,
        **action.spec.model_dump(mode="json"),
        "updated_at": stamp(action.updated_at),
    }


def _built_in(name: str) -> dict[str, Any]:
    return {"name": name, "transport": "built_in", "description": BUILT_IN[name]}


def _not_ours_to_change(name: str) -> Conflict:
    return Conflict(f"The action '{name}' is built in; register yours under another name.")
