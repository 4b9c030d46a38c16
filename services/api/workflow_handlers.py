"""The native routes of workflows."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web
from yarl import URL

from services.api.archive_workflow import archive_workflow, unarchive_workflow
from services.api.auth import caller_of, environment_of
from services.api.bodies import answer, read_document
from services.api.dialects import native
from services.api.keep_workflow import end_workflow
from services.api.pages import cursor_after, split_page
from services.api.parameters import Query, id_in_path
from services.api.problems import render_problems
from services.api.register_workflow import (
    Registered,
    activate_workflow,
    check_registration,
    create_workflow,
    deactivate_workflow,
    examine,
    replace_workflow,
)
from services.api.resources import RESOURCES, SETTINGS
from services.api.rotate_webhook import rotate_webhook
from services.api.webhook_tokens import Tokens
from shared.db import workflows
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Lifecycle, Workflow
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

_NO_TOKENS: Final[Tokens] = MappingProxyType({})
_VERSION_MAX: Final = 2**31 - 1


async def create(request: web.Request) -> web.Response:
    """201 with the workflow; 200 when the same was created before."""
    resources = request.app[RESOURCES]
    document = await read_document(request, request.app[SETTINGS])
    asked = native.parse(document, resources.new_id())
    caller = await caller_of(request, asked.environment_id)
    return await _registered(request, await create_workflow(resources, caller, asked))


async def replace(request: web.Request) -> web.Response:
    """200 with the workflow; 201 when there was none."""
    workflow_id = id_in_path(request)
    document = await read_document(request, request.app[SETTINGS])
    asked = native.parse(document, workflow_id)
    if asked.workflow_id != workflow_id:
        raise invalid("/id", "OTHER_ID", "It differs from the id in the path; leave it out.")
    caller = await caller_of(request, asked.environment_id)
    outcome = await replace_workflow(request.app[RESOURCES], caller, asked)
    return await _registered(request, outcome)


async def validate(request: web.Request) -> web.Response:
    """200 with every problem that the same document would be refused for; nothing is kept."""
    resources = request.app[RESOURCES]
    document = await read_document(request, request.app[SETTINGS])
    asked = native.parse(document, resources.new_id())
    environment_id = await environment_of(request, asked.environment_id)
    problems = await check_registration(resources, environment_id, asked)
    return answer({"valid": not problems, "problems": render_problems(problems)})


async def activate(request: web.Request) -> web.Response:
    """200 with the workflow, which events may start from now on; 422 for an unfinished draft."""
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    activated = await activate_workflow(request.app[RESOURCES], caller, workflow_id)
    return await _answered(request, activated)


async def deactivate(request: web.Request) -> web.Response:
    """200 with the workflow, which no event starts from now on."""
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    deactivated = await deactivate_workflow(request.app[RESOURCES], caller, workflow_id)
    return await _answered(request, deactivated)


async def archive(request: web.Request) -> web.Response:
    """200 with the workflow, which nothing starts from now on, and no list shows unasked."""
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    archived = await archive_workflow(request.app[RESOURCES], caller, workflow_id)
    return await _answered(request, archived)


async def unarchive(request: web.Request) -> web.Response:
    """200 with the workflow, which is back, and inactive."""
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    unarchived = await unarchive_workflow(request.app[RESOURCES], caller, workflow_id)
    return await _answered(request, unarchived)


async def rotate(request: web.Request) -> web.Response:
    """200 with the workflow and the new address of a webhook; the old one is nobody's."""
    workflow_id, trigger_id = WorkflowId(id_in_path(request)), request.match_info["trigger_id"]
    caller = await caller_of(request)
    done = await rotate_webhook(request.app[RESOURCES], caller, workflow_id, trigger_id)
    return await _registered(request, done)


async def get(request: web.Request) -> web.Response:
    """The current version, or ``?version=``."""
    workflow_id = WorkflowId(id_in_path(request))
    query = Query(request, "version", "environment_id")
    version = query.integer("version", minimum=1, maximum=_VERSION_MAX)
    async with request.app[RESOURCES].tenant(await query.environment()) as conn:
        if version is None:
            workflow = await workflows.get_workflow(conn, workflow_id)
        else:
            workflow = await workflows.get_version(conn, workflow_id, version)
    return await _answered(request, workflow)


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation."""
    query = Query(request, "trigger", "environment_id", "lifecycle", "limit", "cursor")
    environment_id = await query.environment()
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await workflows.list_workflows(
            conn,
            environment_id=environment_id,
            event_name=query.text("trigger"),
            lifecycle=query.choice("lifecycle", Lifecycle),
            after=query.cursor(),
            limit=query.limit + 1,
        )
        page, last = split_page(found, query.limit)
        runs = await workflows.list_runs(conn, page)
    return answer(
        {
            "items": [_document(workflow, runs[workflow.id]) for workflow in page],
            "next_cursor": last and cursor_after((last.created_at, last.id)),
        }
    )


async def delete(request: web.Request) -> web.Response:
    """204."""
    resources = request.app[RESOURCES]
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    async with resources.tenant(caller.environment_id) as conn:
        await workflows.lock_changes(conn)
        await end_workflow(resources, conn, caller, workflow_id)
    return web.Response(status=204)


async def _registered(request: web.Request, outcome: Registered) -> web.Response:
    status = 201 if outcome.is_new else 200
    return await _answered(request, outcome.workflow, outcome.tokens, status=status)


async def _answered(
    request: web.Request, workflow: Workflow, tokens: Tokens = _NO_TOKENS, *, status: int = 200
) -> web.Response:
    resources, problems = request.app[RESOURCES], list[Problem]()
    async with resources.tenant(EnvironmentId(workflow.environment_id)) as conn:
        runs = await workflows.list_runs(conn, [workflow])
        if workflow.lifecycle is Lifecycle.DRAFT:
            _, problems = await examine(resources, conn, workflow)
    urls = {name: str(request.url.join(URL(f"/v1/hooks/{t}"))) for name, t in tokens.items()}
    document = _document(workflow, runs[workflow.id], problems)
    return answer({**document, **_addresses(urls)}, status=status)


def _document(
    workflow: Workflow, runs: workflows.Runs, problems: Sequence[Problem] = ()
) -> dict[str, Any]:
    return {
        **native.render(workflow, problems),
        "last_run_at": runs.last_at and stamp(runs.last_at),
        "next_run_at": runs.next_at and stamp(runs.next_at),
        "webhook_url": None,
    }


def _addresses(urls: Mapping[str, str]) -> dict[str, Any]:
    """The addresses just made, which nobody is told again; ``webhook_url`` is the first."""
    return {"webhook_url": next(iter(urls.values())), "webhook_urls": urls} if urls else {}
