"""Sixtyfour's routes of workflows, as its clients call them."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from services.api.dialects.sixtyfour.documents import BlockInfo, SixtyfourDocument, said_by_author
from services.api.dialects.sixtyfour.read_run import text_in
from services.api.dialects.sixtyfour.tables import TABLES, OutgoingSpecs
from services.api.dialects.sixtyfour.workflows import (
    OUTGOING_WEBHOOK,
    UNTITLED,
    WORDS,
    SixtyfourChange,
    SixtyfourWorkflow,
    render,
    workflow_id_of,
)
from services.api.dialects.words import change_in, find_in, placed, read_in, replace_in
from services.api.http.bodies import answer
from services.api.http.documents import validate
from services.api.http.query_strings import InEnvironment, Text
from services.api.http.route import AUTHOR, READ, Body, Route, document_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES, ApiResources
from services.api.workflows.examine_workflow import draft_problems
from services.api.workflows.keep_workflow import end_workflow
from services.api.workflows.register_workflow import Registered, create_workflow
from shared.db import actions, workflows
from shared.db.pool import Connection
from shared.domain.actions import RegisteredAction
from shared.domain.errors import Invalid, NotFound
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Dialect, Workflow

WORKFLOWS_MAX: Final = 1_000
"""A list has no pages there, so it ends here."""
BLOCKS_MAX: Final = 1_000


class WhichWorkflow(InEnvironment):
    """Which workflow is meant."""

    workflow_id: Text


async def create(request: web.Request) -> web.Response:
    """The workflow, a draft with its problems while it cannot run.

    The same request again, under the same id, changes nothing.
    """
    resources, document = request.app[RESOURCES], await document_of(request)
    caller = await caller_of(request)
    written = document.get("id")
    fallback = resources.new_workflow_id()
    if isinstance(written, str):
        fallback = workflow_id_of(caller.environment_id, written)
    asked = read_in(WORDS, document, fallback)
    try:
        made = await create_workflow(resources, caller, asked)
    except Invalid as error:
        raise placed(WORDS, error) from None
    return await registered(resources, caller.environment_id, made)


async def update(request: web.Request) -> web.Response:
    """The workflow with what the body says in place of its own; it is made if there is none."""
    resources = request.app[RESOURCES]
    environment_id = await environment_of(request)
    workflow_id = workflow_id_of(environment_id, query_of(request, WhichWorkflow).workflow_id)
    fields = await document_of(request)
    validate(SixtyfourChange, fields)
    async with resources.tenant(environment_id) as conn:
        source = await _source(conn, environment_id, workflow_id)
    said = {name: value for name, value in fields.items() if value is not None and name != "id"}
    asked = change_in(WORDS, {**source, "id": str(workflow_id)}, said, workflow_id)
    made = await replace_in(WORDS, request, asked)
    return await registered(resources, environment_id, made)


async def delete(request: web.Request) -> web.Response:
    """The workflow that is deleted; its runs stay."""
    resources, caller = request.app[RESOURCES], await caller_of(request)
    written = query_of(request, WhichWorkflow).workflow_id
    named = workflow_id_of(caller.environment_id, written)
    async with resources.tenant(caller.environment_id) as conn:
        await workflows.lock_changes(conn)
        workflow = await find_in(WORDS, conn, caller.environment_id, named)
        runs = await workflows.list_runs(conn, [workflow])
        await end_workflow(resources, conn, caller, WorkflowId(workflow.id))
    return answer(await _document(resources, workflow, runs))


async def list_all(request: web.Request) -> web.Response:
    """Workflows in the order of creation, without their graphs."""
    environment_id = await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await workflows.list_workflows(
            conn, environment_id=environment_id, dialect=Dialect.SIXTYFOUR, limit=WORKFLOWS_MAX
        )
        runs = await workflows.list_runs(conn, found)
    return answer([render(each, runs[each.id].last_at, is_listed=True) for each in found])


async def get(request: web.Request) -> web.Response:
    """The workflow with its graph."""
    resources, environment_id = request.app[RESOURCES], await environment_of(request)
    named = workflow_id_of(environment_id, text_in(request, "workflow_id"))
    async with resources.tenant(environment_id) as conn:
        workflow = await find_in(WORDS, conn, environment_id, named)
        runs = await workflows.list_runs(conn, [workflow])
    return answer(await _document(resources, workflow, runs))


async def list_blocks(request: web.Request) -> web.Response:
    """The blocks that Turnout does itself, and the actions that the environment has."""
    environment_id = await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await actions.list_actions(conn, environment_id, limit=BLOCKS_MAX)
    blocks = {**{action.name: _specs_schema(action) for action in found}, **_OWN_BLOCKS}
    listed: list[BlockInfo] = [
        {"block_name": name, "specs_schema": schema} for name, schema in sorted(blocks.items())
    ]
    return answer(listed)


async def registered(
    resources: ApiResources, environment_id: EnvironmentId, made: Registered
) -> web.Response:
    """A workflow as it was just registered."""
    async with resources.tenant(environment_id) as conn:
        runs = await workflows.list_runs(conn, [made.workflow])
    return answer(render(made.workflow, runs[made.workflow.id].last_at, made.problems))


async def _source(
    conn: Connection, environment_id: EnvironmentId, named: WorkflowId
) -> Mapping[str, Any]:
    """The document of a workflow, or that of an empty one."""
    try:
        return said_by_author((await find_in(WORDS, conn, environment_id, named)).source)
    except NotFound:
        return _EMPTY


async def _document(
    resources: ApiResources, workflow: Workflow, runs: Mapping[UUID, workflows.Runs]
) -> SixtyfourDocument:
    problems = await draft_problems(resources, workflow)
    return render(workflow, runs[workflow.id].last_at, problems)


def _specs_schema(action: RegisteredAction) -> dict[str, Any]:
    """What an action's input says of ``specs``; anything where it says nothing."""
    schema = action.spec.input_schema
    properties = schema.get("properties") if isinstance(schema, dict) else None
    specs = properties.get("specs") if isinstance(properties, dict) else None
    return specs if isinstance(specs, dict) else {"type": "object"}


_EMPTY: Final[Mapping[str, Any]] = {
    "workflow_name": UNTITLED,
    "workflow_description": "",
    "workflow_definition": {"blocks": [], "edges": []},
}
_OWN_BLOCKS: Final[Mapping[str, dict[str, Any]]] = {
    **{name: model.model_json_schema() for name, model in TABLES.items()},
    OUTGOING_WEBHOOK: OutgoingSpecs.model_json_schema(),
}

ROUTES: Final = (
    Route(
        *("POST", "/sixtyfour/workflows/create_workflow", create, AUTHOR),
        body=Body(model=SixtyfourWorkflow, is_definition=True),
        answers={200: SixtyfourDocument},
    ),
    Route(
        *("POST", "/sixtyfour/workflows/update_workflow", update, AUTHOR),
        query=WhichWorkflow,
        body=Body(model=SixtyfourChange, is_definition=True),
        answers={200: SixtyfourDocument},
    ),
    Route(
        *("POST", "/sixtyfour/workflows/delete_workflow", delete, AUTHOR),
        query=WhichWorkflow,
        answers={200: SixtyfourDocument},
    ),
    Route("GET", "/sixtyfour/workflows", list_all, READ, answers={200: list[SixtyfourDocument]}),
    Route("GET", "/sixtyfour/workflows/blocks", list_blocks, READ, answers={200: list[BlockInfo]}),
    Route("GET", "/sixtyfour/workflows/{workflow_id}", get, READ, answers={200: SixtyfourDocument}),
)
