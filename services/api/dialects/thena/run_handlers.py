"""Thena's routes of executions and their tasks."""

from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

from aiohttp import web
from pydantic import Field

from services.api.dialects.find_run import find_run
from services.api.dialects.thena.documents import ThenaExecutionDocument, ThenaTaskDocument
from services.api.dialects.thena.paths import ThenaListQuery, Uid, uid_in_path
from services.api.dialects.thena.runs import (
    STATUSES,
    Word,
    execution_word,
    render_execution,
    render_tasks,
)
from services.api.executions.restore_execution import current_steps, restore_execution
from services.api.http.payloads import answer_to
from services.api.http.query_strings import LIMIT_MAX, Moment, VersionNumber
from services.api.http.route import READ, Route, query_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from shared.db.history import (
    Execution,
    ExecutionFilter,
    LogEntry,
    find_trigger,
    get_execution,
    list_entries,
    search_executions,
)
from shared.db.pool import Connection
from shared.db.search import Place
from shared.db.waits import WaitFilter, list_waits
from shared.db.workflows import find_given
from shared.domain.errors import NotFound
from shared.domain.executions import Status
from shared.domain.ids import ExecutionId, WorkflowId
from shared.domain.outcomes import WaitKind
from shared.domain.workflows import Dialect

ENTRIES_MAX: Final = 10_000
"""Of a longer log the first so many tell of tasks."""

_ENTRIES_AT_ONCE: Final = 200
_SEARCHES_MAX: Final = 20


class ExecutionsQuery(ThenaListQuery):
    """Which executions to list, the latest first; ``from`` and ``to`` bound their beginning."""

    workflow_id: Uid = Field(alias="workflowId", description="The workflow's uid.")
    version: VersionNumber | None = None
    status: Word | None = None
    from_at: Moment | None = Field(None, alias="from", description="At this time or later.")
    before_at: Moment | None = Field(None, alias="to", description="Before this time.")
    before: Uid | None = Field(None, description="The id of the last one that is known.")


class TasksQuery(ThenaListQuery):
    """Which tasks of an execution to list, in the order in which they began."""

    after: Annotated[str, Field(max_length=26)] | None = Field(
        None, description="The id of the last one that is known."
    )


async def list_executions(request: web.Request) -> web.Response:
    """The executions of a workflow, of one version or of all, also of a deleted one."""
    query, environment_id = query_of(request, ExecutionsQuery), await environment_of(request)
    async with request.app[RESOURCES].snapshot(environment_id) as conn:
        latest = await find_given(conn, environment_id, WorkflowId(query.workflow_id))
        if latest is None or latest.workflow.dialect is not Dialect.THENA:
            raise NotFound("There is no such workflow.")
        which = ExecutionFilter(
            environment_id=environment_id,
            workflow_id=WorkflowId(latest.workflow.id),
            workflow_version=query.version,
            statuses=None if query.status is None else STATUSES[query.status],
            from_at=query.from_at,
            before_at=query.before_at,
        )
        documents = [each async for each in _search(conn, which, query)]
    return answer_to(request, documents)


async def get_one(request: web.Request) -> web.Response:
    """One execution."""
    async with request.app[RESOURCES].snapshot(await environment_of(request)) as conn:
        execution, _ = await find_run(conn, _id_in_path(request), Dialect.THENA)
        word = await _word_of(conn, execution)
        event = await find_trigger(conn, execution.id)
    return answer_to(request, render_execution(execution, word, event))


async def list_tasks(request: web.Request) -> web.Response:
    """The tasks of an execution: one an attempt, a retry and a compensation is one of its own."""
    query, resources = query_of(request, TasksQuery), request.app[RESOURCES]
    async with resources.snapshot(await environment_of(request)) as conn:
        execution, workflow = await find_run(conn, _id_in_path(request), Dialect.THENA)
        entries = [entry async for entry in _entries(conn, execution.id)]
        current = []
        if not execution.status.is_terminal:
            restored = await restore_execution(conn, execution)
            current = current_steps(restored, resources.clock.now())
    steps = {step.id: step for step in workflow.definition.steps}
    tasks = render_tasks(execution, entries, current, steps)
    known = next((n for n, task in enumerate(tasks, 1) if task["id"] == query.after), 0)
    return answer_to(request, tasks[known : known + query.limit])


def _id_in_path(request: web.Request) -> ExecutionId:
    return ExecutionId(uid_in_path(request, "instance_uid"))


async def _search(
    conn: Connection, which: ExecutionFilter, query: ExecutionsQuery
) -> AsyncIterator[ThenaExecutionDocument]:
    """Up to ``limit`` of what matches, among so many as may be looked at."""
    place, left = await _place(conn, query.before), query.limit
    for _ in range(_SEARCHES_MAX if query.status is None or which.statuses else 0):
        found = await search_executions(conn, which, before=place, limit=LIMIT_MAX)
        for execution in found.items:
            word = await _word_of(conn, execution)
            if query.status in (None, word):
                yield render_execution(execution, word, await find_trigger(conn, execution.id))
                left -= 1
                if not left:
                    return
        place = found.after
        if place is None:
            return


async def _place(conn: Connection, known: UUID | None) -> Place | None:
    if known is None:
        return None
    last = await get_execution(conn, ExecutionId(known))
    return last.created_at, last.id


async def _word_of(conn: Connection, execution: Execution) -> Word:
    asks_somebody = False
    if execution.status is Status.WAITING:
        which = WaitFilter(
            environment_id=execution.environment_id,
            kind=WaitKind.APPROVAL,
            execution_id=execution.id,
        )
        asks_somebody = bool(await list_waits(conn, which, limit=1))
    return execution_word(execution.status, asks_somebody=asks_somebody)


async def _entries(conn: Connection, execution_id: ExecutionId) -> AsyncIterator[LogEntry]:
    position = 0
    while position < ENTRIES_MAX:
        page = await list_entries(conn, execution_id, after=position, limit=_ENTRIES_AT_ONCE)
        for entry in page:
            yield entry
            position = entry.position
        if len(page) < _ENTRIES_AT_ONCE:
            return


_WORKFLOWS: Final = "/thena/api/v1/workflows"

ROUTES: Final = (
    Route(
        *("GET", f"{_WORKFLOWS}/executions", list_executions, READ),
        query=ExecutionsQuery,
        answers={200: list[ThenaExecutionDocument]},
    ),
    Route(
        *("GET", f"{_WORKFLOWS}/executions/{{instance_uid}}", get_one, READ),
        answers={200: ThenaExecutionDocument},
    ),
    Route(
        *("GET", f"{_WORKFLOWS}/{{instance_uid}}/tasks", list_tasks, READ),
        query=TasksQuery,
        answers={200: list[ThenaTaskDocument]},
    ),
)
