"""Altostrat's routes of runs."""

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field
from yarl import URL

from services.api.dialects.altostrat.documents import (
    AltostratRerun,
    AltostratResumed,
    AltostratRun,
    AltostratRuns,
    AltostratSubmitted,
)
from services.api.dialects.altostrat.find_runs import tell_new_run, tell_run, tell_runs
from services.api.dialects.altostrat.ids import RUN, written
from services.api.dialects.altostrat.nodes import Open
from services.api.dialects.altostrat.paths import run_in_path, workflow_in_path
from services.api.dialects.altostrat.workflows import WORDS
from services.api.dialects.find_run import find_run
from services.api.dialects.words import find_in
from services.api.executions.decide_wait import SubmissionRequest, submit
from services.api.executions.expiry import ExpiryRequest
from services.api.executions.repeat_execution import (
    RepeatRequest,
    rerun_execution,
    resume_from_step,
)
from services.api.executions.restore_execution import restore_execution
from services.api.http.bodies import answer
from services.api.http.parameters import TEXT_CHARS_MAX, idempotency_key, is_plain
from services.api.http.payloads import answer_to
from services.api.http.query_strings import InEnvironment, Whole
from services.api.http.route import OPERATE, READ, Body, Route, body_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from shared.db.altostrat_runs import RUNS_MAX, count_runs, find_place_after
from shared.db.history import Execution, ExecutionFilter, search_executions
from shared.db.pool import Connection
from shared.domain.errors import Conflict, NotFound
from shared.domain.executions import AttemptStatus
from shared.domain.ids import EnvironmentId, ExecutionId, StepId, WorkflowId
from shared.domain.principals import Caller
from shared.domain.steps import Handle
from shared.domain.values import Name
from shared.domain.workflows import Dialect

PER_PAGE: Final = 15
PER_PAGE_MAX: Final = 100


class FlowRunsQuery(InEnvironment):
    """Which page of a workflow's runs, the latest first."""

    page: Annotated[Whole, Field(ge=1, le=RUNS_MAX)] = 1
    per_page: Annotated[Whole, Field(ge=1, le=PER_PAGE_MAX)] = PER_PAGE


class AltostratForm(Open):
    """A form filled in: with which button, with what, and by whom."""

    button: Handle | None = None
    data: Any = None
    by: Name = "altostrat"


async def get(request: web.Request) -> web.Response:
    """The run with its log."""
    execution_id = run_in_path(request)
    async with request.app[RESOURCES].snapshot(await environment_of(request)) as conn:
        found = await find_run(conn, execution_id, Dialect.ALTOSTRAT)
        document: AltostratRun = await tell_run(conn, *found)
    return answer_to(request, document)


async def list_runs(request: web.Request) -> web.Response:
    """A page of a workflow's runs, of which no more than 10,000 are counted."""
    named, query = workflow_in_path(request), query_of(request, FlowRunsQuery)
    environment_id = await environment_of(request)
    async with request.app[RESOURCES].snapshot(environment_id) as conn:
        workflow = await find_in(WORDS, conn, environment_id, named)
        workflow_id = WorkflowId(workflow.id)
        total = await count_runs(conn, workflow_id)
        runs = await tell_runs(conn, await _page(conn, environment_id, workflow_id, query))
    return answer_to(request, _document(request.url, query, total, runs))


async def rerun(request: web.Request) -> web.Response:
    """202 with a new run of the same version, with the same payload."""
    execution_id, caller = run_in_path(request), await caller_of(request)
    workflow_id = await _workflow_of(request, caller, execution_id)
    asked = RepeatRequest(expiry=ExpiryRequest(), key=idempotency_key(request))
    new = await rerun_execution(request.app[RESOURCES], caller, execution_id, asked)
    document: AltostratRerun = {
        "message": "The workflow runs again.",
        "original_run_id": written(RUN, execution_id),
        "new_run": await tell_new_run(
            request, caller.environment_id, (new, workflow_id), payload=None
        ),
    }
    return answer_to(request, document, status=202)


async def resume(request: web.Request) -> web.Response:
    """202 with a new run that takes over what came before the node, and goes on with it.

    404 for a node that the workflow has not, 409 for one that was skipped: it would be again.
    """
    execution_id, caller = run_in_path(request), await caller_of(request)
    node_id = _node_of(request)
    workflow_id = await _resumable(request, caller, execution_id, node_id)
    asked = RepeatRequest(expiry=ExpiryRequest(), key=idempotency_key(request))
    new = await resume_from_step(request.app[RESOURCES], caller, execution_id, node_id, asked)
    document: AltostratResumed = {
        "message": f"The workflow goes on from node '{node_id}'.",
        "new_run": await tell_new_run(
            request, caller.environment_id, (new, workflow_id), payload=None
        ),
    }
    return answer_to(request, document, status=202)


async def submit_form(request: web.Request) -> web.Response:
    """202 once the answer to a form, for which the run waits, is durable."""
    execution_id, caller = run_in_path(request), await caller_of(request)
    node_id, asked = _node_of(request), await body_of(request, AltostratForm)
    await _workflow_of(request, caller, execution_id)
    given = SubmissionRequest(data=asked.data, button=asked.button, by=asked.by)
    ruling = await submit(request.app[RESOURCES], caller, execution_id, node_id, given)
    document: AltostratSubmitted = {"message": "The form was taken in.", "won": ruling.won}
    return answer(document, status=202)


async def _workflow_of(
    request: web.Request, caller: Caller, execution_id: ExecutionId
) -> WorkflowId:
    async with request.app[RESOURCES].tenant(caller.environment_id) as conn:
        execution, _ = await find_run(conn, execution_id, Dialect.ALTOSTRAT)
    return execution.workflow_id


async def _resumable(
    request: web.Request, caller: Caller, execution_id: ExecutionId, node_id: StepId
) -> WorkflowId:
    """The workflow of a run that may go on with a node. Raises NotFound, Conflict."""
    async with request.app[RESOURCES].snapshot(caller.environment_id) as conn:
        execution, workflow = await find_run(conn, execution_id, Dialect.ALTOSTRAT)
        restored = await restore_execution(conn, execution)
    if node_id not in {step.id for step in workflow.definition.steps}:
        raise NotFound(f"The workflow has no node '{node_id}'.")
    ended = restored.state.settled.get(node_id)
    if ended is not None and ended.status is AttemptStatus.SKIPPED:
        raise Conflict(
            f"Node '{node_id}' was skipped, and would be again:"
            " name the node before it that decided so."
        )
    return execution.workflow_id


def _node_of(request: web.Request) -> StepId:
    node_id = request.match_info["node_id"]
    if len(node_id) > TEXT_CHARS_MAX or not is_plain(node_id):
        raise NotFound("There is no such node.")
    return StepId(node_id)


async def _page(
    conn: Connection,
    environment_id: EnvironmentId,
    workflow_id: WorkflowId,
    query: FlowRunsQuery,
) -> list[Execution]:
    skipped, place = (query.page - 1) * query.per_page, None
    limit = min(query.per_page, RUNS_MAX - skipped)
    if limit <= 0:
        return []
    if skipped:
        place = await find_place_after(conn, workflow_id, skipped)
        if place is None:
            return []
    which = ExecutionFilter(environment_id=environment_id, workflow_id=workflow_id)
    return [*(await search_executions(conn, which, before=place, limit=limit)).items]


def _document(
    url: URL, query: FlowRunsQuery, total: int, runs: list[AltostratRun]
) -> AltostratRuns:
    last = max(1, -(-total // query.per_page))
    first_shown = (query.page - 1) * query.per_page + 1 if runs else None

    def page(number: int) -> str:
        return str(url.update_query(page=str(number)))

    return {
        "data": runs,
        "links": {
            "first": page(1),
            "last": page(last),
            "prev": page(query.page - 1) if query.page > 1 else None,
            "next": page(query.page + 1) if query.page < last else None,
        },
        "meta": {
            "current_page": query.page,
            "from": first_shown,
            "last_page": last,
            "path": str(url.with_query(None)),
            "per_page": query.per_page,
            "to": None if first_shown is None else first_shown + len(runs) - 1,
            "total": total,
        },
    }


_RUN: Final = "/altostrat/workflows/runs/{flow_run_id}"

ROUTES: Final = (
    Route(
        *("GET", "/altostrat/workflows/{flow_id}/executions", list_runs, READ),
        query=FlowRunsQuery,
        answers={200: AltostratRuns},
    ),
    Route("GET", _RUN, get, READ, answers={200: AltostratRun}),
    Route("POST", f"{_RUN}/rerun", rerun, OPERATE, answers={202: AltostratRerun}),
    Route(
        *("POST", f"{_RUN}/resume-from/{{node_id}}", resume, OPERATE),
        answers={202: AltostratResumed},
    ),
    Route(
        *("POST", f"{_RUN}/forms/{{node_id}}", submit_form, OPERATE),
        body=Body(model=AltostratForm),
        answers={202: AltostratSubmitted},
    ),
)
