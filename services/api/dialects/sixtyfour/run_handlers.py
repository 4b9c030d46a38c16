"""Sixtyfour's routes of runs, as its clients call them."""

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.api.dialects.find_run import find_run
from services.api.dialects.search_runs import search_runs
from services.api.dialects.sixtyfour.documents import (
    JobStatus,
    LiveStatus,
    RunCancelled,
    RunStarted,
    SixtyfourRun,
)
from services.api.dialects.sixtyfour.read_run import see_run
from services.api.dialects.sixtyfour.runs import (
    QUEUED,
    error_of,
    live_status,
    results_of,
    run_document,
    statuses_of,
    word_of,
)
from services.api.dialects.sixtyfour.workflows import (
    WEBHOOK,
    WORDS,
    Graph,
    graph_of,
    rows_given,
    workflow_id_of,
)
from services.api.dialects.words import find_in, placed
from services.api.executions.await_result import await_execution
from services.api.executions.control_execution import cancel_execution
from services.api.executions.start_execution import StartRequest, key_named, start_execution
from services.api.http.bodies import answer
from services.api.http.parameters import idempotency_key, uuid_in_path
from services.api.http.payloads import Payload, answer_to
from services.api.http.problems import BAD_PARAMETER, Forbidden
from services.api.http.query_strings import Id, InEnvironment, Text, Whole
from services.api.http.route import OPERATE, READ, Body, Route, body_of, document_of, query_of
from services.api.login.auth import PRINCIPAL, caller_of, environment_of
from services.api.resources import RESOURCES, ApiResources
from services.api.workflows.examine_workflow import draft_problems
from shared.db.history import ExecutionFilter, get_execution
from shared.db.workflows import id_given
from shared.domain.errors import Conflict, Invalid, NotFound
from shared.domain.ids import EnvironmentId, ExecutionId, WorkflowId, as_uuid, execution_id
from shared.domain.workflows import Dialect, Lifecycle, Workflow
from shared.wire.strict_json import invalid

THERE_WITHIN_S: Final = 3.0
"""So long a run is waited for to be taken up, so that whoever asks next finds it."""
RUNS_MAX: Final = 500

_PAGES_MAX: Final = 20
_NOT_BY_API: Final = "read_csv"


class WhichRun(InEnvironment):
    """Which workflow is to run, and whether its results are wanted as JSON."""

    workflow_id: Text
    save_json: bool = False


class RunsQuery(InEnvironment):
    """Which runs to list: ``active`` are those queued or running."""

    status: Text | None = None
    workflow_id: Text | None = None
    limit: Annotated[Whole, Field(ge=1, le=RUNS_MAX)] = 100


class WhichJob(InEnvironment):
    """Which run is meant; the body may say it too."""

    job_id: Id[ExecutionId] | None = None


class RunRequest(BaseModel):
    """What a run is given: its rows, and specs in place of some of the first block's."""

    model_config = ConfigDict(frozen=True, strict=True)

    specs_override: dict[str, Any] | None = None
    webhook_payload: list[dict[str, Any]] | dict[str, Any] | None = None


class CancelBody(BaseModel):
    """A body that need not say anything."""

    model_config = ConfigDict(frozen=True, extra="allow")


async def run(request: web.Request) -> web.Response:
    """The run that is about to start; the same key names the same run, however often it is sent."""
    if request[PRINCIPAL].organisation_id is not None:
        raise Forbidden("Runs are started with an API key; a JWT is for all else.")
    resources, caller = request.app[RESOURCES], await caller_of(request)
    query, asked = query_of(request, WhichRun), await body_of(request, RunRequest)
    environment_id, key = caller.environment_id, idempotency_key(request)
    named = workflow_id_of(environment_id, query.workflow_id)
    async with resources.tenant(environment_id) as conn:
        workflow = await find_in(WORDS, conn, environment_id, named)
        first = _first_of(graph := graph_of(workflow))
    await _check_ready(resources, workflow)
    if first != WEBHOOK:
        raise invalid("", BAD_PARAMETER, "A run by the API needs a first block 'webhook'.")
    is_repeated = key is not None and await _is_started(resources, workflow, key)
    start = StartRequest(
        payload={"webhook_payload": asked.webhook_payload},
        overrides=_overrides(graph, asked),
        metadata={"save_json": True} if query.save_json else None,
    )
    started = await start_execution(resources, caller, WorkflowId(workflow.id), start, key)
    await await_execution(request, environment_id, started.execution_id, THERE_WITHIN_S)
    document: RunStarted = {
        "status": QUEUED,
        "workflow_id": str(workflow.id),
        "job_id": str(started.execution_id),
        "cache_config": None,
        "already_started": is_repeated or None,
    }
    return answer(document)


async def list_runs(request: web.Request) -> web.Response:
    """Runs, the latest first."""
    query, environment_id = query_of(request, RunsQuery), await environment_of(request)
    statuses = None if query.status is None else statuses_of(query.status)
    if query.status is not None and statuses is None:
        detail = "It must be queued, running, active, completed, failed or cancelled."
        raise invalid("/query/status", BAD_PARAMETER, detail)
    if statuses == []:
        return answer_to(request, [])
    async with request.app[RESOURCES].snapshot(environment_id) as conn:
        workflow_id = None
        if query.workflow_id is not None:
            named = workflow_id_of(environment_id, query.workflow_id)
            workflow_id = await id_given(conn, environment_id, named)
        which = ExecutionFilter(
            environment_id=environment_id,
            dialect=Dialect.SIXTYFOUR,
            workflow_id=workflow_id,
            statuses=statuses,
        )
        found = await search_runs(
            conn, which, before=None, limit=query.limit, searches_max=_PAGES_MAX
        )
    return answer_to(request, [run_document(each) for each in found.items])


async def get_live(request: web.Request) -> web.Response:
    """Where a run is, block by block."""
    resources, environment_id = request.app[RESOURCES], await environment_of(request)
    async with resources.snapshot(environment_id) as conn:
        seen = await see_run(resources, conn, ExecutionId(uuid_in_path(request, "run_id")))
    return answer_to(request, live_status(seen))


async def get_job(request: web.Request) -> web.Response:
    """A run in short, with its rows once it has completed."""
    resources, environment_id = request.app[RESOURCES], await environment_of(request)
    async with resources.snapshot(environment_id) as conn:
        seen = await see_run(resources, conn, ExecutionId(uuid_in_path(request, "run_id")))
    execution = seen.execution
    rows = [row for made in results_of(seen) for row in made.rows]
    document: JobStatus = {
        "job_id": str(execution.id),
        "workflow_id": str(execution.workflow_id),
        "status": word_of(execution.status),
        "error": error_of(execution),
        "result": Payload(rows if execution.status.is_terminal else None),
    }
    return answer_to(request, document)


async def cancel(request: web.Request) -> web.Response:
    """A run that is told to end; 409 for one that has."""
    resources, caller = request.app[RESOURCES], await caller_of(request)
    written = (await document_of(request)).get("job_id")
    run_id = query_of(request, WhichJob).job_id or as_uuid(str(written))
    if run_id is None:
        raise invalid("/query/job_id", "MISSING", "Say which run.")
    async with resources.tenant(caller.environment_id) as conn:
        await find_run(conn, ExecutionId(run_id), Dialect.SIXTYFOUR)
    await cancel_execution(resources, caller, ExecutionId(run_id), None)
    document: RunCancelled = {"job_id": str(run_id), "status": "canceled"}
    return answer(document)


async def _check_ready(resources: ApiResources, workflow: Workflow) -> None:
    """Raises Conflict for a draft, with everything that it lacks."""
    if workflow.lifecycle is not Lifecycle.DRAFT:
        return
    problems = await draft_problems(resources, workflow)
    lacks = placed(WORDS, Invalid(problems)).problems if problems else ()
    told = " ".join(f"{each.pointer}: {each.detail}" for each in lacks)
    raise Conflict(f"The workflow is a draft. {told}".rstrip())


def _first_of(graph: Graph) -> str | None:
    """The name of the first block. Raises Invalid (400) for one that the API never runs."""
    name = graph.blocks[graph.order[0]].block_name if graph.blocks else None
    if name == _NOT_BY_API:
        detail = "A workflow that starts with read_csv cannot be run by the API."
        raise invalid("", BAD_PARAMETER, detail)
    return name


def _overrides(graph: Graph, asked: RunRequest) -> dict[str, Any]:
    if not asked.specs_override:
        return {}
    first = graph.order[0]
    specs = {**graph.blocks[first].specs, **asked.specs_override}
    return {graph.step_ids[first]: {"specs": specs, "rows": rows_given(asked.webhook_payload)}}


async def _is_started(resources: ApiResources, workflow: Workflow, key: str) -> bool:
    """Whether there is the run that a key names."""
    event = await key_named(resources, workflow, key)
    async with resources.tenant(EnvironmentId(workflow.environment_id)) as conn:
        try:
            await get_execution(conn, execution_id(WorkflowId(workflow.id), event))
        except NotFound:
            return False
    return True


ROUTES: Final = (
    Route(
        *("POST", "/sixtyfour/workflows/run", run, OPERATE),
        query=WhichRun,
        body=Body(model=RunRequest, is_optional=True),
        answers={200: RunStarted},
    ),
    Route(
        *("GET", "/sixtyfour/workflows/runs", list_runs, READ),
        query=RunsQuery,
        answers={200: list[SixtyfourRun]},
    ),
    Route(
        *("GET", "/sixtyfour/workflows/runs/{run_id}/live_status", get_live, READ),
        answers={200: LiveStatus},
    ),
    Route(
        *("POST", "/sixtyfour/workflows/cancel", cancel, OPERATE),
        query=WhichJob,
        body=Body(model=CancelBody, is_optional=True),
        answers={200: RunCancelled},
    ),
    Route("GET", "/sixtyfour/job-status/{run_id}", get_job, READ, answers={200: JobStatus}),
)
