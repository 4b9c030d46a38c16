"""Truto's routes, as its clients call them."""

from typing import Any, Final

from aiohttp import web
from pydantic import Field, RootModel

from services.api.dialects import truto
from services.api.http.bodies import JSON, YAML, answer
from services.api.http.pages import cursor_after, split_page
from services.api.http.parameters import id_in_path
from services.api.http.query_strings import CURSOR, Cursor, InEnvironment, ListQuery, Text
from services.api.http.route import AUTHOR, READ, Body, Route, document_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from services.api.workflows.keep_workflow import end_workflow
from services.api.workflows.register_workflow import create_workflow, replace_workflow
from shared.db import workflows
from shared.db.pool import Connection
from shared.domain.errors import Invalid, NotFound
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Dialect, Workflow
from shared.wire.strict_json import invalid


class TrutoQuery(ListQuery, InEnvironment):
    """Which workflows to list."""

    trigger_name: Text | None = None
    next_cursor: Cursor | None = Field(None, description=CURSOR)


class TrutoChange(RootModel[dict[str, Any]]):
    """Any of a workflow's fields; those that are left out stay as they are."""


async def create(request: web.Request) -> web.Response:
    """201 with the workflow; 200 when the same was created before under its id."""
    resources = request.app[RESOURCES]
    asked = truto.parse(await document_of(request), resources.new_id())
    caller = await caller_of(request, asked.environment_id)
    try:
        outcome = await create_workflow(resources, caller, asked)
    except Invalid as error:
        raise _placed(error) from None
    return answer(truto.render(outcome.workflow), status=201 if outcome.is_new else 200)


async def get(request: web.Request) -> web.Response:
    """The workflow."""
    async with request.app[RESOURCES].tenant(await environment_of(request)) as conn:
        workflow = await _get(conn, WorkflowId(id_in_path(request)))
    return answer(truto.render(workflow))


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation."""
    query, environment_id = query_of(request, TrutoQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await workflows.list_workflows(
            conn,
            environment_id=environment_id,
            dialect=Dialect.TRUTO,
            event_name=query.trigger_name,
            after=query.next_cursor,
            limit=query.limit + 1,
        )
    page, last = split_page(found, query.limit)
    return answer(
        {
            "result": [truto.render(workflow) for workflow in page],
            "next_cursor": last and cursor_after((last.created_at, last.id)),
            "prev_cursor": None,
        }
    )


async def change(request: web.Request) -> web.Response:
    """The workflow with the fields of the body in place of its own."""
    resources = request.app[RESOURCES]
    workflow_id = WorkflowId(id_in_path(request))
    fields = await document_of(request)
    caller = await caller_of(request, truto.environment_named(fields))
    async with resources.tenant(caller.environment_id) as conn:
        workflow = await _get(conn, workflow_id)
    asked = truto.parse({**workflow.source, **fields}, workflow_id)
    if asked.workflow_id != workflow_id:
        raise invalid("/id", "OTHER_ID", "It differs from the id in the path; leave it out.")
    try:
        outcome = await replace_workflow(resources, caller, asked)
    except Invalid as error:
        raise _placed(error) from None
    return answer(truto.render(outcome.workflow))


async def delete(request: web.Request) -> web.Response:
    """The id of what was deleted."""
    resources = request.app[RESOURCES]
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    async with resources.tenant(caller.environment_id) as conn:
        await workflows.lock_changes(conn)
        await _get(conn, workflow_id)
        await end_workflow(resources, conn, caller, workflow_id)
    return answer({"id": str(workflow_id)})


async def _get(conn: Connection, workflow_id: WorkflowId) -> Workflow:
    workflow = await workflows.get_workflow(conn, workflow_id)
    if workflow.dialect is not Dialect.TRUTO:
        raise NotFound(f"Workflow {workflow_id} was not registered as Truto's; see /v1/workflows.")
    return workflow


def _placed(error: Invalid) -> Invalid:
    return Invalid([truto.place(problem) for problem in error.problems])


_WORKFLOW: Final = Body(model=truto.TrutoWorkflow, media=JSON | YAML)
_CHANGE: Final = Body(model=TrutoChange, media=JSON | YAML)

ROUTES: Final = (
    Route(
        *("POST", "/truto/workflow", create, AUTHOR),
        body=_WORKFLOW,
        answers={200: dict, 201: dict},
    ),
    Route("GET", "/truto/workflow", list_all, READ, query=TrutoQuery, answers={200: dict}),
    Route("GET", "/truto/workflow/{id}", get, READ, answers={200: dict}),
    Route("PATCH", "/truto/workflow/{id}", change, AUTHOR, body=_CHANGE, answers={200: dict}),
    Route("DELETE", "/truto/workflow/{id}", delete, AUTHOR, answers={200: dict}),
)
