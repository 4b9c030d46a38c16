"""Truto's routes of runs, which events start and nobody else."""

from typing import Final

from aiohttp import web

from services.api.dialects.find_run import find_run
from services.api.dialects.search_runs import search_runs
from services.api.dialects.truto.documents import TrutoDeleted, TrutoPage, TrutoRun
from services.api.dialects.truto.queries import TrutoRunsQuery
from services.api.dialects.truto.run_statuses import RUN_STATUS
from services.api.dialects.truto.runs import render_run, steps_of
from services.api.http.bodies import answer
from services.api.http.parameters import id_in_path
from services.api.http.payloads import answer_to
from services.api.http.route import OPERATE, READ, Route, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.note_changes import note
from services.api.resources import RESOURCES
from shared.db.audit import Change
from shared.db.hidden_runs import hide_run, is_hidden
from shared.db.history import (
    Execution,
    ExecutionFilter,
    list_retries,
)
from shared.db.pool import Connection
from shared.db.recovery import list_entries
from shared.db.search import Found
from shared.db.workflows import id_given
from shared.domain.errors import Conflict, NotFound
from shared.domain.executions import Status
from shared.domain.ids import EnvironmentId, ExecutionId
from shared.domain.workflows import Dialect, Workflow

_SEARCHES_MAX: Final = 5


async def list_runs(request: web.Request) -> web.Response:
    """A page of runs, the latest first, without what came of their steps."""
    query = query_of(request, TrutoRunsQuery)
    environment_id = await environment_of(request)
    async with request.app[RESOURCES].snapshot(environment_id) as conn:
        found = await _found(conn, query, environment_id)
        retries = await list_retries(conn, [one.id for one in found.items])
    shown = [render_run(one, retries.get(one.id, 0)) for one in found.items]
    return answer_to(request, query.trail.page(shown, found.after))


async def get_run(request: web.Request) -> web.Response:
    """The run, once it has ended with what came of its steps."""
    async with request.app[RESOURCES].snapshot(await environment_of(request)) as conn:
        run, workflow = await _find(conn, ExecutionId(id_in_path(request)))
        retries = await list_retries(conn, [run.id])
        logs = await list_entries(conn, [run.id])
    steps = steps_of(workflow.definition.steps, logs[run.id])
    return answer_to(request, render_run(run, retries.get(run.id, 0), steps))


async def delete_run(request: web.Request) -> web.Response:
    """The id of what is out of view from now on; 409 while it runs. The native API still has it."""
    resources, caller = request.app[RESOURCES], await caller_of(request)
    async with resources.tenant(caller.environment_id) as conn:
        run, _ = await _find(conn, ExecutionId(id_in_path(request)))
        if not run.status.is_terminal:
            raise Conflict(f"Run {run.id} is {RUN_STATUS[run.status]}; wait for its end.")
        await hide_run(conn, run, resources.clock.now())
        change = Change(action="execution.hide", target=f"execution:{run.id}")
        await note(resources, conn, caller, change)
    document: TrutoDeleted = {"id": str(run.id)}
    return answer(document)


async def _find(conn: Connection, run_id: ExecutionId) -> tuple[Execution, Workflow]:
    """A run, and the version that it is of.

    Raises NotFound, also for one in others' words, and for one that was deleted.
    """
    run, workflow = await find_run(conn, run_id, Dialect.TRUTO)
    if await is_hidden(conn, run_id):
        raise NotFound(f"There is no run {run_id}.")
    return run, workflow


async def _found(
    conn: Connection, query: TrutoRunsQuery, environment_id: EnvironmentId
) -> Found[Execution]:
    """A page, full unless there are no more, or too many of others between them."""
    workflow_id = query.workflow_id
    if workflow_id is not None:
        workflow_id = await id_given(conn, environment_id, workflow_id)
    which = ExecutionFilter(
        environment_id=environment_id,
        dialect=Dialect.TRUTO,
        ids=None if query.ids is None else [ExecutionId(one) for one in query.ids],
        workflow_id=workflow_id,
        statuses=_statuses(query),
        from_at=query.created_from,
        before_at=query.created_before,
    )
    if which.statuses == []:
        return Found(items=[])
    return await search_runs(
        conn, which, before=query.trail.after, limit=query.limit, searches_max=_SEARCHES_MAX
    )


def _statuses(query: TrutoRunsQuery) -> list[Status] | None:
    """Those that both conditions let through; None: there is no condition."""
    one, many = query.status, query.statuses
    if one is None and many is None:
        return None
    return [
        status
        for status, word in RUN_STATUS.items()
        if one in (None, word) and (many is None or word in many)
    ]


ROUTES: Final = (
    Route(
        *("GET", "/truto/workflow-run", list_runs, READ),
        query=TrutoRunsQuery,
        answers={200: TrutoPage[TrutoRun]},
    ),
    Route("GET", "/truto/workflow-run/{id}", get_run, READ, answers={200: TrutoRun}),
    Route("DELETE", "/truto/workflow-run/{id}", delete_run, OPERATE, answers={200: TrutoDeleted}),
)
