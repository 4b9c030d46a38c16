"""The native routes of workflows."""

from typing import Final

from aiohttp import web

from services.api.bodies import answer, read_document
from services.api.dialects import native, truto
from services.api.parameters import Query, cursor_after, id_in_path, split_page
from services.api.problems import render_problems
from services.api.register_workflow import (
    Registered,
    activate_workflow,
    check_registration,
    create_workflow,
    deactivate_workflow,
    problems_of,
    replace_workflow,
)
from services.api.resources import RESOURCES, SETTINGS, ApiResources
from shared.db import workflows
from shared.db.pool import Connection
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Dialect, Lifecycle, Workflow
from shared.wire.strict_json import invalid

_VERSION_MAX: Final = 2**31 - 1


async def create(request: web.Request) -> web.Response:
    """201 with the workflow; 200 when the same was created before."""
    resources = request.app[RESOURCES]
    document = await read_document(request, request.app[SETTINGS])
    asked = native.parse(document, resources.new_id())
    return await _registered(resources, await create_workflow(resources, asked))


async def replace(request: web.Request) -> web.Response:
    """200 with the workflow; 201 when there was none."""
    workflow_id = id_in_path(request)
    document = await read_document(request, request.app[SETTINGS])
    asked = native.parse(document, workflow_id)
    if asked.workflow_id != workflow_id:
        raise invalid("/id", "OTHER_ID", "It differs from the id in the path; leave it out.")
    resources = request.app[RESOURCES]
    return await _registered(resources, await replace_workflow(resources, asked))


async def validate(request: web.Request) -> web.Response:
    """200 with every problem that the same document would be refused for; nothing is kept."""
    resources = request.app[RESOURCES]
    document = await read_document(request, request.app[SETTINGS])
    problems = await check_registration(resources, native.parse(document, resources.new_id()))
    return answer({"valid": not problems, "problems": render_problems(problems)})


async def activate(request: web.Request) -> web.Response:
    """200 with the workflow, which events may start from now on; 422 for an unfinished draft."""
    resources = request.app[RESOURCES]
    workflow_id = WorkflowId(id_in_path(request))
    return answer(native.render(await activate_workflow(resources, workflow_id, _unsupported)))


async def deactivate(request: web.Request) -> web.Response:
    """200 with the workflow, which no event starts from now on."""
    resources = request.app[RESOURCES]
    workflow = await deactivate_workflow(resources, WorkflowId(id_in_path(request)))
    async with resources.connection() as conn:
        return answer(await _document(conn, workflow))


async def get(request: web.Request) -> web.Response:
    """The current version, or ``?version=``."""
    workflow_id = WorkflowId(id_in_path(request))
    version = Query(request, "version").integer("version", minimum=1, maximum=_VERSION_MAX)
    async with request.app[RESOURCES].connection() as conn:
        if version is None:
            workflow = await workflows.get_workflow(conn, workflow_id)
        else:
            workflow = await workflows.get_version(conn, workflow_id, version)
        return answer(await _document(conn, workflow))


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation."""
    query = Query(request, "trigger", "environment_id", "limit", "cursor")
    async with request.app[RESOURCES].connection() as conn:
        found = await workflows.list_workflows(
            conn,
            environment_id=query.id("environment_id", EnvironmentId),
            event_name=query.text("trigger"),
            after=query.cursor(),
            limit=query.limit + 1,
        )
    page, last = split_page(found, query.limit)
    return answer(
        {
            "items": [native.render(workflow) for workflow in page],
            "next_cursor": last and cursor_after((last.created_at, last.id)),
        }
    )


async def delete(request: web.Request) -> web.Response:
    """204."""
    resources = request.app[RESOURCES]
    workflow_id = WorkflowId(id_in_path(request))
    async with resources.transaction() as conn:
        await workflows.lock_changes(conn)
        await workflows.delete_workflow(conn, workflow_id, resources.clock.now())
    return web.Response(status=204)


async def _registered(resources: ApiResources, outcome: Registered) -> web.Response:
    status = 201 if outcome.is_new else 200
    async with resources.connection() as conn:
        return answer(await _document(conn, outcome.workflow), status=status)


async def _document(conn: Connection, workflow: Workflow) -> dict[str, object]:
    if workflow.lifecycle is Lifecycle.READY:
        return native.render(workflow)
    return native.render(workflow, [*_unsupported(workflow), *await problems_of(conn, workflow)])


def _unsupported(workflow: Workflow) -> tuple[Problem, ...]:
    return truto.unsupported_in(workflow) if workflow.dialect is Dialect.TRUTO else ()
