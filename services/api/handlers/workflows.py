"""The native routes of workflows."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID

from aiohttp import web
from pydantic import Field

from services.api.dialects import native
from services.api.dialects.read_registration import place_in, registration_of
from services.api.dialects.recognise import check_whose
from services.api.handlers.lint import render_findings
from services.api.handlers.workflow_answers import (
    answer_registered,
    answer_workflow,
    workflow_document,
)
from services.api.http.bodies import JSON, YAML, answer
from services.api.http.documents import render_problems
from services.api.http.pages import page_of
from services.api.http.parameters import id_in_path
from services.api.http.query_strings import (
    InEnvironment,
    PageQuery,
    Text,
    VersionQuery,
    Whole,
    any_case,
)
from services.api.http.route import AUTHOR, READ, Body, Route, document_of, query_of
from services.api.login.auth import PRINCIPAL, caller_of, demand, environment_of
from services.api.resources import RESOURCES
from services.api.workflows.archive_workflow import archive_workflow, unarchive_workflow
from services.api.workflows.keep_workflow import end_workflow
from services.api.workflows.lint_workflow import EVENTS_MAX, lint_workflow
from services.api.workflows.register_workflow import (
    activate_workflow,
    check_registration,
    create_workflow,
    deactivate_workflow,
    replace_workflow,
)
from services.api.workflows.registration import Registration
from services.api.workflows.rotate_webhook import rotate_webhook
from shared.db import workflows
from shared.db.quarantine import list_quarantines
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.principals import Scope
from shared.domain.workflows import Dialect, Lifecycle
from shared.wire.documents.lint import FindingDocument
from shared.wire.documents.parts import Page
from shared.wire.documents.workflows import ValidityDocument, WorkflowDocument
from shared.wire.strict_json import invalid


class WorkflowsQuery(PageQuery):
    """Which workflows to list; what is archived only where its lifecycle is asked for."""

    trigger: Text | None = Field(None, description="The event that starts them.")
    lifecycle: Annotated[Lifecycle, any_case(Lifecycle)] | None = None


class SaveQuery(InEnvironment):
    """Whether the answer tells what is odd."""

    lint: Annotated[Whole, Field(ge=0, le=EVENTS_MAX)] | None = Field(
        None,
        description="Tell what is odd about it too, by the last so many events that it awaits.",
    )


async def create(request: web.Request) -> web.Response:
    """201 with the workflow; 200 when the same was created before."""
    resources = request.app[RESOURCES]
    asked = await _asked(request, resources.new_workflow_id())
    caller = await caller_of(request, asked.environment_id)
    findings = await _findings(request, caller.environment_id, asked)
    done = await create_workflow(resources, caller, asked)
    return await answer_registered(request, done, findings)


async def replace(request: web.Request) -> web.Response:
    """200 with the workflow; 201 when there was none."""
    workflow_id = id_in_path(request)
    asked = await _asked(request, workflow_id)
    if asked.workflow_id != workflow_id:
        raise invalid("/id", "OTHER_ID", "It differs from the id in the path; leave it out.")
    caller = await caller_of(request, asked.environment_id)
    findings = await _findings(request, caller.environment_id, asked)
    outcome = await replace_workflow(request.app[RESOURCES], caller, asked)
    return await answer_registered(request, outcome, findings)


async def _findings(
    request: web.Request, environment_id: EnvironmentId, asked: Registration
) -> list[FindingDocument] | None:
    """What lint finds, before anything is kept; None: nobody asked.

    What is found by events tells of their payloads: to ask for it takes the scope 'payloads'.
    """
    events = query_of(request, SaveQuery).lint
    if events is None or asked.faults:  # of which saving tells, with all else that is wrong
        return None
    if events:
        demand(request, Scope.PAYLOADS)
    found = await lint_workflow(request.app[RESOURCES], environment_id, asked, events)
    return render_findings(asked, found)


async def _asked(request: web.Request, fallback_id: UUID) -> Registration:
    """Raises Invalid for a document in the words of another system: it says where that goes."""
    document = await document_of(request)
    check_whose(document, Dialect.NATIVE)
    return native.parse(document, fallback_id)


async def validate(request: web.Request) -> web.Response:
    """200 with every problem that keeps the document from running; nothing is kept.

    Each has its place in the document, also in one in the words of another system.
    """
    resources, document = request.app[RESOURCES], await document_of(request)
    try:
        asked = registration_of(document, resources.new_id())
    except Invalid as error:
        return _validity(error.problems)
    environment_id = await environment_of(request, asked.environment_id)
    may_see = request[PRINCIPAL].may(Scope.AUTHOR)
    found = await check_registration(resources, environment_id, asked, sees_secrets=may_see)
    return _validity([place_in(asked, problem) for problem in found])


async def activate(request: web.Request) -> web.Response:
    """200 with the workflow, which events may start from now on; 422 for an unfinished draft."""
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    activated = await activate_workflow(request.app[RESOURCES], caller, workflow_id)
    return await answer_workflow(request, activated)


async def deactivate(request: web.Request) -> web.Response:
    """200 with the workflow, which no event starts from now on."""
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    deactivated = await deactivate_workflow(request.app[RESOURCES], caller, workflow_id)
    return await answer_workflow(request, deactivated)


async def archive(request: web.Request) -> web.Response:
    """200 with the workflow, which nothing starts from now on, and no list shows unasked."""
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    archived = await archive_workflow(request.app[RESOURCES], caller, workflow_id)
    return await answer_workflow(request, archived)


async def unarchive(request: web.Request) -> web.Response:
    """200 with the workflow, which is back, and inactive."""
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    unarchived = await unarchive_workflow(request.app[RESOURCES], caller, workflow_id)
    return await answer_workflow(request, unarchived)


async def rotate(request: web.Request) -> web.Response:
    """200 with the workflow and the new address of a webhook; the old one is nobody's."""
    workflow_id, trigger_id = WorkflowId(id_in_path(request)), request.match_info["trigger_id"]
    caller = await caller_of(request)
    done = await rotate_webhook(request.app[RESOURCES], caller, workflow_id, trigger_id)
    return await answer_registered(request, done)


async def get(request: web.Request) -> web.Response:
    """The current version, or ``?version=``."""
    workflow_id = WorkflowId(id_in_path(request))
    version = query_of(request, VersionQuery).version
    async with request.app[RESOURCES].tenant(await environment_of(request)) as conn:
        if version is None:
            workflow = await workflows.get_workflow(conn, workflow_id)
        else:
            workflow = await workflows.get_version(conn, workflow_id, version)
    return await answer_workflow(request, workflow)


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation."""
    query, environment_id = query_of(request, WorkflowsQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await workflows.list_workflows(
            conn,
            environment_id=environment_id,
            event_name=query.trigger,
            lifecycle=query.lifecycle,
            after=query.cursor,
            limit=query.limit + 1,
        )
        runs = await workflows.list_runs(conn, found)
        quarantines = await list_quarantines(conn, found)
    document: Page[WorkflowDocument] = page_of(
        *(found, query.limit),
        lambda workflow: workflow_document(
            workflow, runs[workflow.id], quarantines.get(workflow.id)
        ),
        lambda workflow: (workflow.created_at, workflow.id),
    )
    return answer(document)


async def delete(request: web.Request) -> web.Response:
    """204; nothing starts it any more."""
    resources = request.app[RESOURCES]
    workflow_id, caller = WorkflowId(id_in_path(request)), await caller_of(request)
    async with resources.tenant(caller.environment_id) as conn:
        await end_workflow(resources, conn, caller, workflow_id)
    return web.Response(status=204)


def _validity(problems: Sequence[Problem]) -> web.Response:
    document: ValidityDocument = {"valid": not problems, "problems": render_problems(problems)}
    return answer(document)


_BODY: Final = Body(model=native.WorkflowRequest, media=JSON | YAML)
_SHOWN: Final = MappingProxyType({200: WorkflowDocument})
_REGISTERED: Final = MappingProxyType({200: WorkflowDocument, 201: WorkflowDocument})

ROUTES: Final = (
    Route(
        *("POST", "/v1/workflows", create, AUTHOR),
        query=SaveQuery,
        body=_BODY,
        answers=_REGISTERED,
    ),
    Route(
        *("GET", "/v1/workflows", list_all, READ),
        query=WorkflowsQuery,
        answers={200: Page[WorkflowDocument]},
    ),
    Route(
        *("GET", "/v1/workflows/{id}", get, READ),
        query=VersionQuery,
        answers={**_SHOWN, 304: None},
    ),
    Route(
        *("PUT", "/v1/workflows/{id}", replace, AUTHOR),
        query=SaveQuery,
        body=_BODY,
        answers=_REGISTERED,
    ),
    Route("DELETE", "/v1/workflows/{id}", delete, AUTHOR, answers={204: None}),
    Route(
        *("POST", "/v1/workflows/validate", validate, READ),
        body=_BODY,
        answers={200: ValidityDocument},
    ),
    Route("POST", "/v1/workflows/{id}/activate", activate, AUTHOR, answers=_SHOWN),
    Route("POST", "/v1/workflows/{id}/deactivate", deactivate, AUTHOR, answers=_SHOWN),
    Route("POST", "/v1/workflows/{id}/archive", archive, AUTHOR, answers=_SHOWN),
    Route("POST", "/v1/workflows/{id}/unarchive", unarchive, AUTHOR, answers=_SHOWN),
    Route(
        *("POST", "/v1/workflows/{id}/triggers/{trigger_id}/rotate", rotate, AUTHOR),
        answers=_SHOWN,
    ),
)
