"""Altostrat's routes of workflows, as its clients call them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from services.api.dialects.altostrat.around import around, problems_of, webhook_url
from services.api.dialects.altostrat.documents import (
    AltostratAuthorization,
    AltostratListed,
    AltostratTriggerable,
    AltostratWorkflowDocument,
)
from services.api.dialects.altostrat.ids import WORKFLOW, written
from services.api.dialects.altostrat.nodes import (
    DEFAULTS,
    SAID_BY_US,
    AltostratChange,
    AltostratWorkflow,
)
from services.api.dialects.altostrat.paths import workflow_in_path
from services.api.dialects.altostrat.workflows import (
    GRAPH,
    WORDS,
    alone,
    render,
    render_listed,
    with_graph_of,
)
from services.api.dialects.words import change_in, create_in, find_in, new_in, replace_in
from services.api.http.bodies import answer
from services.api.http.query_strings import InEnvironment, Whole
from services.api.http.route import AUTHOR, READ, Body, Route, document_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from services.api.workflows.keep_workflow import end_workflow
from services.api.workflows.register_workflow import Registered
from services.api.workflows.registration import Registration
from shared.db import workflows
from shared.db.altostrat_workflows import find_place_after, list_authorizations, list_callers
from shared.db.pool import Connection
from shared.domain.errors import Conflict, Invalid
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Dialect, Lifecycle, TriggerKind, Workflow
from shared.wire.envelope import stamp

LISTED_MAX: Final = 200
PAGE_MAX: Final = 1_000
_TRIGGERABLE: Final = frozenset({TriggerKind.WORKFLOW, TriggerKind.SUBFLOW})


class FlowsQuery(InEnvironment):
    """Which of the workflows, in the order of creation."""

    page: Annotated[Whole, Field(ge=1, le=PAGE_MAX)] = 1
    per_page: Annotated[Whole, Field(ge=1, le=LISTED_MAX)] = LISTED_MAX


async def create(request: web.Request) -> web.Response:
    """201 with the workflow; one that cannot run yet is kept as a draft, which is not active."""
    return await _registered(request, await create_in(WORDS, request), status=201)


async def get(request: web.Request) -> web.Response:
    """The workflow with its nodes and edges."""
    named, environment_id = workflow_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        workflow = await find_in(WORDS, conn, environment_id, named)
        told = (await around(request, conn, [workflow]))[workflow.id]
    problems = await problems_of(request, workflow)
    return answer(render(workflow, replace(told, problems=problems)))


async def list_all(request: web.Request) -> web.Response:
    """The workflows without nodes and edges, in the order of creation."""
    query, environment_id = (
        query_of(request, FlowsQuery),
        await environment_of(request),
    )
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await _listed(conn, environment_id, query)
        told = await around(request, conn, found)
    document: list[AltostratListed] = [render_listed(one, told[one.id]) for one in found]
    return answer(document)


async def change(request: web.Request) -> web.Response:
    """The workflow with the fields of the body in place of its own."""
    named, fields = workflow_in_path(request), await document_of(request)
    caller = await caller_of(request)
    async with request.app[RESOURCES].tenant(caller.environment_id) as conn:
        workflow = await find_in(WORDS, conn, caller.environment_id, named)
    changes = _changes(workflow, fields)
    asked = _asked(workflow, changes)
    if "is_active" not in changes:
        asked = replace(asked, is_active=workflow.is_active)
    return await _registered(request, await replace_in(WORDS, request, asked))


async def delete(request: web.Request) -> web.Response:
    """204; 409 while another workflow calls it."""
    resources = request.app[RESOURCES]
    named, caller = workflow_in_path(request), await caller_of(request)
    async with resources.tenant(caller.environment_id) as conn:
        await workflows.lock_changes(conn)
        workflow_id = WorkflowId((await find_in(WORDS, conn, caller.environment_id, named)).id)
        if callers := await list_callers(conn, caller.environment_id, workflow_id):
            listed = ", ".join(f"'{name}'" for name in callers)
            raise Conflict(f"Other workflows call it: {listed}. Change or delete them first.")
        await end_workflow(resources, conn, caller, workflow_id)
    return web.Response(status=204)


async def list_triggerable(request: web.Request) -> web.Response:
    """The active workflows whose trigger is for other workflows."""
    query, environment_id = (
        query_of(request, FlowsQuery),
        await environment_of(request),
    )
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await _listed(conn, environment_id, query)
    document: list[AltostratTriggerable] = [
        {
            "id": written(WORKFLOW, one.id),
            "name": one.definition.name,
            "description": one.definition.description,
            "trigger_type": trigger.kind,
        }
        for one in found
        for trigger in one.definition.triggers
        if one.is_matched and trigger.kind in _TRIGGERABLE
    ]
    return answer(document)


async def list_accounts(request: web.Request) -> web.Response:
    """The authorizations that workflows name; Turnout knows no more of them than that."""
    environment_id = await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_authorizations(conn, environment_id)
    document: list[AltostratAuthorization] = [
        {"id": one.id, "user_id": None, "email": None, "created_at": stamp(one.created_at)}
        for one in found
    ]
    return answer(document)


def _changes(workflow: Workflow, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What an author says that is new: an answer that is sent back whole changes nothing.

    ``is_active`` is always new beside nothing that only answers say: a draft may be switched off.
    """
    said = {name: value for name, value in fields.items() if name not in SAID_BY_US}
    shown = {**DEFAULTS, **workflow.source, "is_active": workflow.is_matched}
    if SAID_BY_US.isdisjoint(fields):
        del shown["is_active"]
    return new_in(said, shown)


def _asked(workflow: Workflow, changes: Mapping[str, Any]) -> Registration:
    """What the changes ask for. Raises as ``change_in``.

    A release before may have taken nodes that are refused now. Of a workflow that is no draft they
    stay, and what was made of them, until somebody changes them: it can be switched off.
    """
    try:
        return change_in(WORDS, workflow.source, changes, workflow.id)
    except Invalid as refusal:
        if workflow.lifecycle is not Lifecycle.READY or not GRAPH.isdisjoint(changes):
            raise
        try:
            return with_graph_of(workflow, change_in(WORDS, alone(workflow), changes, workflow.id))
        except Invalid:  # what is wrong is not in the nodes alone
            raise refusal from None


async def _listed(
    conn: Connection, environment_id: EnvironmentId, query: FlowsQuery
) -> list[Workflow]:
    before, place = (query.page - 1) * query.per_page, None
    if before:
        place = await find_place_after(conn, environment_id, before)
        if place is None:
            return []
    return await workflows.list_workflows(
        conn,
        environment_id=environment_id,
        dialect=Dialect.ALTOSTRAT,
        after=place,
        limit=query.per_page,
    )


async def _registered(
    request: web.Request, outcome: Registered, *, status: int = 200
) -> web.Response:
    """A token that has just been made is told in any case: without a key ring it is not kept."""
    workflow = outcome.workflow
    async with request.app[RESOURCES].tenant(EnvironmentId(workflow.environment_id)) as conn:
        told = (await around(request, conn, [workflow]))[workflow.id]
    for token in outcome.tokens.values():
        told = replace(told, webhook_url=webhook_url(request, token))
    problems = tuple(WORDS.place(problem) for problem in outcome.problems)
    return answer(render(workflow, replace(told, problems=problems)), status=status)


_ONE: Final = "/altostrat/workflows/{flow_id}"
_BODY: Final = Body(model=AltostratWorkflow, is_definition=True)

ROUTES: Final = (
    Route(
        *("POST", "/altostrat/workflows", create, AUTHOR),
        body=_BODY,
        answers={201: AltostratWorkflowDocument},
    ),
    Route(
        *("GET", "/altostrat/workflows", list_all, READ),
        query=FlowsQuery,
        answers={200: list[AltostratListed]},
    ),
    Route(
        *("GET", "/altostrat/workflows/triggerable", list_triggerable, READ),
        query=FlowsQuery,
        answers={200: list[AltostratTriggerable]},
    ),
    Route(
        *("GET", "/altostrat/workflows/authorizations", list_accounts, READ),
        answers={200: list[AltostratAuthorization]},
    ),
    Route("GET", _ONE, get, READ, answers={200: AltostratWorkflowDocument}),
    Route(
        *("PUT", _ONE, change, AUTHOR),
        body=Body(model=AltostratChange, is_definition=True),
        answers={200: AltostratWorkflowDocument},
    ),
    Route("DELETE", _ONE, delete, AUTHOR, answers={204: None}),
)
