"""The native routes of actions: those of every installation, and those an environment registers."""

from collections.abc import Generator
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic import Field, TypeAdapter

from services.api.executions.tasks import ensure_task_topic
from services.api.http.bodies import JSON, YAML, answer
from services.api.http.documents import validate
from services.api.http.etags import check, tagged
from services.api.http.pages import page_by, split_page
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
from shared.db import actions
from shared.db.audit import Change
from shared.domain.actions import BUILT_IN, ActionName, ActionSpec, RegisteredAction, Transport
from shared.domain.errors import Conflict, Invalid, NotFound, Problem
from shared.domain.steps import VERSION_MAX
from shared.egress.errors import DestinationRefused
from shared.egress.guard import EgressPolicy, check_url
from shared.expr.resolve import value_problems
from shared.expr.schemas import check_new
from shared.wire.documents.actions import (
    ActionDocument,
    ActionFields,
    ActionPage,
    AnyAction,
    BuiltInDocument,
)
from shared.wire.documents.parts import Page
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

_NAME: Final = TypeAdapter[str](ActionName)
_SAID_BY_US: Final = frozenset({"environment_id", "version", "updated_at"})
# Which private addresses may be called is the executor's to say.
_SPELLING: Final = EgressPolicy(allow_private=True, allow_loopback=True, deny_ports=frozenset())


class ActionsQuery(ListQuery, InEnvironment):
    """How much of the list is wanted."""

    cursor: Text | None = Field(None, description=CURSOR)


async def put(request: web.Request) -> web.Response:
    """200 with the action; 201 when there was none."""
    resources = request.app[RESOURCES]
    name = request.match_info["name"]
    caller = await caller_of(request)
    spec = _spec(name, await document_of(request))
    problems = await resources.computing.run(caller.environment_id, _problems(spec))
    if problems:
        raise Invalid(problems)
    if spec.transport is Transport.WORKER:
        await ensure_task_topic(resources, name)
    async with resources.tenant(caller.environment_id) as conn:
        done = await actions.put_action(
            conn, caller.environment_id, name, spec, resources.clock.now()
        )
        check(caller, done.before)
        if done.action is not done.before:
            await note(resources, conn, caller, _change("put", name, done.before, done.action))
    response = answer(_registered(done.action), status=201 if done.is_new else 200)
    return tagged(request, response, done.action)


async def get(request: web.Request) -> web.Response:
    """A version (``?version=``), or the latest."""
    name = name_in_path(request, _NAME, "action")
    version, environment_id = query_of(request, VersionQuery).version, await environment_of(request)
    if name in BUILT_IN and version is None:
        return answer(_built_in(name))
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        action = await actions.get_action(conn, environment_id, name, version)
    return tagged(request, answer(_registered(action)), action)


async def list_versions(request: web.Request) -> web.Response:
    """A page of an action's versions, the latest first; the cursor is the last one."""
    name = name_in_path(request, _NAME, "action")
    query, environment_id = query_of(request, VersionsQuery), await environment_of(request)
    before, limit = query.cursor or VERSION_MAX, query.limit
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await actions.list_versions(
            conn, environment_id, name, before=before, limit=limit + 1
        )
    if not found and query.cursor is None:
        raise NotFound(f"There is no action '{name}' that has versions.")
    return answer(page_by(found, limit, _registered, lambda one: str(one.version)))


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of names; the cursor is the last one."""
    query, environment_id = query_of(request, ActionsQuery), await environment_of(request)
    after, limit = query.cursor or "", query.limit
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await actions.list_actions(conn, environment_id, after=after, limit=limit + 1)
    built_in = [_built_in(name) for name in BUILT_IN if name > after]
    listed: list[AnyAction] = [*built_in, *map(_registered, found)]
    page, last = split_page(sorted(listed, key=lambda action: action["name"]), limit)
    document: ActionPage = {
        "items": list(page),
        "next_cursor": None if last is None else last["name"],
    }
    return answer(document)


async def delete(request: web.Request) -> web.Response:
    """204 once it is deleted."""
    resources = request.app[RESOURCES]
    name = name_in_path(request, _NAME, "action")
    caller = await caller_of(request)
    if name in BUILT_IN:
        raise _not_ours_to_change(name)
    async with resources.tenant(caller.environment_id) as conn:
        await actions.lock_action(conn, caller.environment_id, name)
        old = await actions.get_action(conn, caller.environment_id, name)
        check(caller, old)
        await actions.delete_action(conn, caller.environment_id, name, resources.clock.now())
        await note(resources, conn, caller, _change("delete", name, old, None))
    return web.Response(status=204)


def _spec(name: str, document: dict[str, Any]) -> ActionSpec:
    """What a document says of the action ``name``, by its shape. Raises Invalid, Conflict."""
    if name in BUILT_IN:
        raise _not_ours_to_change(name)
    if not is_name(name, _NAME):
        detail = "A name has 1 to 256 characters, none of them a control character."
        raise invalid("/name", "INVALID_NAME", detail)
    if name.startswith("$"):
        detail = "Names that begin with '$' are Turnout's own; give it another one."
        raise invalid("/name", "INVALID_NAME", detail)
    if document.get("name", name) != name:
        raise invalid("/name", "OTHER_NAME", "It differs from the name in the path; leave it out.")
    return validate(
        ActionSpec, {k: v for k, v in document.items() if k not in _SAID_BY_US and k != "name"}
    )


def _problems(spec: ActionSpec) -> Generator[None, None, list[Problem]]:
    problems: list[Problem] = []
    for field in ("input_schema", "output_schema"):
        schema = getattr(spec, field)
        try:
            if schema is not None:
                check_new(schema, f"/{field}")
        except Invalid as error:
            problems += error.problems
        yield
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


def _registered(action: RegisteredAction) -> ActionDocument:
    said: ActionFields = orjson.loads(action.spec.model_dump_json())
    return {
        "name": action.name,
        "environment_id": str(action.environment_id),
        "version": action.version,
        **said,
        "updated_at": stamp(action.updated_at),
    }


def _built_in(name: str) -> BuiltInDocument:
    return {"name": name, "transport": "built_in", "description": BUILT_IN[name]}


def _not_ours_to_change(name: str) -> Conflict:
    return Conflict(f"The action '{name}' is built in; register yours under another name.")


ROUTES: Final = (
    Route("GET", "/v1/actions", list_all, READ, query=ActionsQuery, answers={200: ActionPage}),
    Route(
        *("GET", "/v1/actions/{name}", get, READ),
        query=VersionQuery,
        answers={200: AnyAction, 304: None},
    ),
    Route(
        *("GET", "/v1/actions/{name}/versions", list_versions, READ),
        query=VersionsQuery,
        answers={200: Page[ActionDocument]},
    ),
    Route(
        *("PUT", "/v1/actions/{name}", put, AUTHOR),
        body=Body(model=ActionSpec, media=JSON | YAML),
        answers={200: ActionDocument, 201: ActionDocument},
    ),
    Route("DELETE", "/v1/actions/{name}", delete, AUTHOR, answers={204: None}),
)
