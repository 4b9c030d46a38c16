"""Truto's routes, as its clients call them."""

from aiohttp import web

from services.api.auth import caller_of, environment_of
from services.api.bodies import answer, read_document
from services.api.dialects import truto
from services.api.keep_workflow import end_workflow
from services.api.pages import cursor_after, split_page
from services.api.parameters import Query, id_in_path
from services.api.register_workflow import create_workflow, replace_workflow
from services.api.resources import RESOURCES, SETTINGS
from shared.db import workflows
from shared.db.pool import Connection
from shared.domain.errors import Invalid, NotFound
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Dialect, Workflow
from shared.wire.strict_json import invalid


async def create(request: web.Request) -> web.Response:
    """201 with the workflow; 200 when the same was created before under its id."""
    resources = request.app[RESOURCES]
    document = await read_document(request, request.app[SETTINGS])
    asked = truto.parse(document, resources.new_id())
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
    query = Query(request, "trigger_name", "environment_id", "limit", "next_cursor")
    environment_id = await query.environment()
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await workflows.list_workflows(
            conn,
            environment_id=environment_id,
            dialect=Dialect.TRUTO,
            event_name=query.text("trigger_name"),
            after=query.cursor("next_cursor"),
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
    fields = await read_document(request, request.app[SETTINGS])
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
