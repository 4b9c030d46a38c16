"""Thena's routes of workflows, as its clients call them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web
from pydantic import Field

from services.api.dialects.thena.documents import ThenaDeletedDocument, ThenaWorkflowDocument
from services.api.dialects.thena.faults import cannot_run
from services.api.dialects.thena.paths import ThenaListQuery, Uid, uid_in_path
from services.api.dialects.thena.render import render
from services.api.dialects.thena.request import (
    SAID_BY_US,
    ThenaChange,
    ThenaSwitch,
    ThenaWorkflow,
    event_named,
)
from services.api.dialects.thena.workflows import WORDS, place
from services.api.dialects.words import change_in, create_in, find_in, new_in, placed, replace_in
from services.api.http.bodies import answer
from services.api.http.route import AUTHOR, READ, Body, Route, body_of, document_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from services.api.workflows.examine_workflow import draft_problems, known_actions
from services.api.workflows.keep_workflow import end_workflow
from services.api.workflows.register_workflow import (
    activate_workflow,
    deactivate_workflow,
)
from shared.db import workflows
from shared.db.event_types import types_named
from shared.db.pool import Connection
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.short_ids import short_id
from shared.domain.workflows import Dialect, Workflow

_IS_ACTIVE: Final = "isActive"


class WorkflowsQuery(ThenaListQuery):
    """Which workflows to list, in the order of creation."""

    after: Uid | None = Field(None, description="The uid of the last one that is known.")


async def create(request: web.Request) -> web.Response:
    """201 with the workflow; with ``problems``, and not active, while it cannot run."""
    return await _answered(request, (await create_in(WORDS, request)).workflow, status=201)


async def list_all(request: web.Request) -> web.Response:
    """The workflows of the environment."""
    query, environment_id = query_of(request, WorkflowsQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        last = None
        if query.after is not None:
            last = await find_in(WORDS, conn, environment_id, WorkflowId(query.after))
        found = await workflows.list_workflows(
            conn,
            environment_id=environment_id,
            dialect=Dialect.THENA,
            after=None if last is None else (last.created_at, last.id),
            limit=query.limit,
        )
        return answer(await _rendered(conn, environment_id, found))


async def get(request: web.Request) -> web.Response:
    """The workflow, as it stands now."""
    named, environment_id = _named_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        workflow = await find_in(WORDS, conn, environment_id, named)
    return await _answered(request, workflow)


async def change(request: web.Request) -> web.Response:
    """The workflow with the fields of the body in place of its own, in a new version.

    null takes a field out; of ``isActive`` it says nothing.
    Executions under way go on in theirs. An answer that is sent back whole changes nothing. 422
    when a live workflow could not run so.
    """
    named, caller = _named_in_path(request), await caller_of(request)
    fields = await document_of(request)
    async with request.app[RESOURCES].tenant(caller.environment_id) as conn:
        workflow = await find_in(WORDS, conn, caller.environment_id, named)
        (shown,) = await _rendered(conn, caller.environment_id, [workflow])
    kept, changes = {**workflow.source, _IS_ACTIVE: workflow.is_active}, _changes(fields, shown)
    gone = {k for k, v in changes.items() if v is None and kept.get(k) is not None}
    kept = {name: value for name, value in kept.items() if name not in gone}
    said = {name: value for name, value in changes.items() if value is not None}
    asked = change_in(WORDS, kept, said, workflow.id)
    try:
        return await _answered(request, (await replace_in(WORDS, request, asked)).workflow)
    except Invalid as error:
        raise cannot_run(error) from None


async def delete(request: web.Request) -> web.Response:
    """What was deleted; its executions stay."""
    resources, caller = request.app[RESOURCES], await caller_of(request)
    async with resources.tenant(caller.environment_id) as conn:
        await workflows.lock_changes(conn)
        named = _named_in_path(request)
        workflow = await find_in(WORDS, conn, caller.environment_id, named)
        await end_workflow(resources, conn, caller, WorkflowId(workflow.id))
    document: ThenaDeletedDocument = {
        "uid": short_id(workflow.id),
        "uniqueIdentifier": short_id(workflow.id),
    }
    return answer(document)


async def toggle(request: web.Request) -> web.Response:
    """The workflow, switched the other way, or as the body says; 422 for one that cannot run."""
    resources, caller = request.app[RESOURCES], await caller_of(request)
    named, asked = _named_in_path(request), (await body_of(request, ThenaSwitch)).is_active
    async with resources.tenant(caller.environment_id) as conn:
        workflow = await find_in(WORDS, conn, caller.environment_id, named)
    is_wanted = not workflow.is_matched if asked is None else asked
    switch = activate_workflow if is_wanted else deactivate_workflow
    try:
        switched = await switch(resources, caller, WorkflowId(workflow.id))
        return await _answered(request, switched)
    except Invalid as error:
        raise cannot_run(placed(WORDS, error)) from None


def _changes(fields: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """What an author says that is new: an answer that is sent back whole changes nothing.

    ``isActive`` is always new beside nothing that only answers say: a draft, which is shown as off,
    may be switched off.
    """
    said = {k: v for k, v in fields.items() if k != _IS_ACTIVE or v is not None}
    if (SAID_BY_US - {_IS_ACTIVE}).isdisjoint(said):
        shown = {name: value for name, value in shown.items() if name != _IS_ACTIVE}
    return new_in(said, shown)


def _named_in_path(request: web.Request) -> WorkflowId:
    """The ``{workflow_uid}`` of the path. Raises NotFound for what cannot be one."""
    return WorkflowId(uid_in_path(request, "workflow_uid"))


async def _answered(request: web.Request, workflow: Workflow, *, status: int = 200) -> web.Response:
    """The workflow, with everything that keeps a draft from running."""
    resources, environment_id = request.app[RESOURCES], EnvironmentId(workflow.environment_id)
    problems = await draft_problems(resources, workflow)
    async with resources.tenant(environment_id) as conn:
        (document,) = await _rendered(conn, environment_id, [workflow], [*map(place, problems)])
    return answer(document, status=status)


async def _rendered(
    conn: Connection,
    environment_id: EnvironmentId,
    found: Sequence[Workflow],
    problems: Sequence[Problem] = (),
) -> list[dict[str, Any]]:
    named = {event_named(workflow.source.get("triggerEvent")) for workflow in found}
    events = await types_named(conn, environment_id, [said for said in named if said])
    actions = await known_actions(conn, environment_id)
    return [render(workflow, events, actions, problems) for workflow in found]


_WORKFLOWS: Final = "/thena/api/v1/workflows"

ROUTES: Final = (
    Route(
        *("POST", _WORKFLOWS, create, AUTHOR),
        body=Body(model=ThenaWorkflow, is_definition=True),
        answers={201: ThenaWorkflowDocument},
    ),
    Route(
        *("GET", _WORKFLOWS, list_all, READ),
        query=WorkflowsQuery,
        answers={200: list[ThenaWorkflowDocument]},
    ),
    Route("GET", f"{_WORKFLOWS}/{{workflow_uid}}", get, READ, answers={200: ThenaWorkflowDocument}),
    Route(
        *("PATCH", f"{_WORKFLOWS}/{{workflow_uid}}", change, AUTHOR),
        body=Body(model=ThenaChange, is_definition=True),
        answers={200: ThenaWorkflowDocument},
    ),
    Route(
        "DELETE",
        f"{_WORKFLOWS}/{{workflow_uid}}",
        delete,
        AUTHOR,
        answers={200: ThenaDeletedDocument},
    ),
    Route(
        *("POST", f"{_WORKFLOWS}/{{workflow_uid}}/toggle", toggle, AUTHOR),
        body=Body(model=ThenaSwitch, is_optional=True),
        answers={200: ThenaWorkflowDocument},
    ),
)
