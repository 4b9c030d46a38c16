"""Truto's routes, as its clients call them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from aiohttp import web
from pydantic import RootModel

from services.api.dialects.truto import run_handlers
from services.api.dialects.truto import workflows as truto
from services.api.dialects.truto.documents import TrutoDeleted, TrutoPage, TrutoWorkflowDocument
from services.api.dialects.truto.find_environment import environment_having
from services.api.dialects.truto.queries import TrutoWorkflowsQuery
from services.api.dialects.truto.workflows import WORDS
from services.api.dialects.words import change_in, create_in, find_in, new_in, replace_in
from services.api.http.bodies import JSON, YAML, answer
from services.api.http.pages import split_page
from services.api.http.parameters import id_in_path
from services.api.http.route import AUTHOR, READ, Body, Route, document_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from services.api.workflows.keep_workflow import end_workflow
from shared.db import workflows
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Dialect, Workflow
from shared.wire.strict_json import invalid


class TrutoChange(RootModel[dict[str, Any]]):
    """Any of a workflow's fields; those that are left out stay as they are."""


async def create(request: web.Request) -> web.Response:
    """201 with the workflow; 200 when the same was created before under its id."""
    outcome = await create_in(WORDS, request)
    return answer(truto.render(outcome.workflow), status=201 if outcome.is_new else 200)


async def get(request: web.Request) -> web.Response:
    """The workflow."""
    named = WorkflowId(id_in_path(request))
    environment_id = await environment_having(request, named)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        workflow = await find_in(WORDS, conn, environment_id, named)
    return answer(truto.render(workflow))


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation."""
    query, environment_id = query_of(request, TrutoWorkflowsQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await workflows.list_workflows(
            conn,
            environment_id=environment_id,
            dialect=Dialect.TRUTO,
            event_name=query.trigger_name,
            ids=None if query.ids is None else [WorkflowId(one) for one in query.ids],
            after=query.trail.after,
            limit=query.limit + 1,
        )
    page, last = split_page(found, query.limit)
    end = None if last is None else (last.created_at, last.id)
    return answer(query.trail.page([truto.render(workflow) for workflow in page], end))


async def change(request: web.Request) -> web.Response:
    """The workflow with the fields of the body in place of its own.

    An answer that is sent back whole changes nothing.
    """
    resources = request.app[RESOURCES]
    named, fields = WorkflowId(id_in_path(request)), await document_of(request)
    said = truto.environment_named(fields)
    caller = await caller_of(request, await environment_having(request, named, said))
    async with resources.tenant(caller.environment_id) as conn:
        workflow = await find_in(WORDS, conn, caller.environment_id, named)
    kept = {name: value for name, value in workflow.source.items() if name != "id"}
    asked = change_in(WORDS, kept, _changes(fields, workflow), workflow.id)
    if asked.workflow_id not in (named, workflow.id):
        raise invalid("/id", "OTHER_ID", "It differs from the id in the path; leave it out.")
    placed = replace(asked, environment_id=caller.environment_id)
    outcome = await replace_in(WORDS, request, placed)
    return answer(truto.render(outcome.workflow))


async def delete(request: web.Request) -> web.Response:
    """The id of what was deleted."""
    resources = request.app[RESOURCES]
    named = WorkflowId(id_in_path(request))
    caller = await caller_of(request, await environment_having(request, named))
    async with resources.tenant(caller.environment_id) as conn:
        await workflows.lock_changes(conn)
        workflow = await find_in(WORDS, conn, caller.environment_id, named)
        await end_workflow(resources, conn, caller, WorkflowId(workflow.id))
    document: TrutoDeleted = {"id": str(workflow.id)}
    return answer(document)


def _changes(fields: Mapping[str, Any], workflow: Workflow) -> dict[str, Any]:
    """What an author says that is new; when it was made and changed is not his to say."""
    said = {name: value for name, value in fields.items() if name not in _TIMES}
    return new_in(said, {**truto.render(workflow)})


_TIMES: Final = frozenset({"created_at", "updated_at"})
_WORKFLOW: Final = Body(model=truto.TrutoWorkflow, media=JSON | YAML)
_CHANGE: Final = Body(model=TrutoChange, media=JSON | YAML)

ROUTES: Final = (
    Route(
        *("POST", "/truto/workflow", create, AUTHOR),
        body=_WORKFLOW,
        answers={200: TrutoWorkflowDocument, 201: TrutoWorkflowDocument},
    ),
    Route(
        *("GET", "/truto/workflow", list_all, READ),
        query=TrutoWorkflowsQuery,
        answers={200: TrutoPage[TrutoWorkflowDocument]},
    ),
    Route("GET", "/truto/workflow/{id}", get, READ, answers={200: TrutoWorkflowDocument}),
    Route(
        *("PATCH", "/truto/workflow/{id}", change, AUTHOR),
        body=_CHANGE,
        answers={200: TrutoWorkflowDocument},
    ),
    Route("DELETE", "/truto/workflow/{id}", delete, AUTHOR, answers={200: TrutoDeleted}),
    *run_handlers.ROUTES,
)
