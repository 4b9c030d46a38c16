"""The routes of executions."""

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from services.api.bodies import answer, read_options, validate
from services.api.cancel_execution import cancel_execution
from services.api.parameters import Query, cursor_after, id_in_path, split_page
from services.api.resources import RESOURCES, SETTINGS
from shared.db.history import (
    Execution,
    ExecutionFilter,
    LogEntry,
    get_execution,
    list_entries,
    list_executions,
)
from shared.domain.executions import Status
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, WorkflowId
from shared.domain.workflows import Strict
from shared.wire.envelope import stamp

_ENTRIES_MAX: Final = 200
_POSITION_MAX: Final = 2**31 - 1


class CancelRequest(Strict):
    """The body of a cancellation."""

    reason: Annotated[str, Field(max_length=1_024)] | None = None


async def list_recent(request: web.Request) -> web.Response:
    """A page of executions, the latest first; ``from`` and ``to`` bound their creation."""
    query = Query(
        request,
        *("workflow_id", "event_key", "environment_id", "status", "from", "to"),
        *("limit", "cursor"),
    )
    async with request.app[RESOURCES].connection() as conn:
        found = await list_executions(
            conn, _filter(query), before=query.cursor(), limit=query.limit + 1
        )
    page, last = split_page(found, query.limit)
    return answer(
        {
            "items": [render_execution(execution) for execution in page],
            "next_cursor": last and cursor_after((last.created_at, last.id)),
        }
    )


async def get(request: web.Request) -> web.Response:
    """The execution with its phases and attempts in order, after the position ``?after=``."""
    execution_id = ExecutionId(id_in_path(request))
    after = Query(request, "after").integer("after", minimum=0, maximum=_POSITION_MAX)
    async with request.app[RESOURCES].connection() as conn:
        execution = await get_execution(conn, execution_id)
        found = await list_entries(conn, execution_id, after=after or 0, limit=_ENTRIES_MAX + 1)
    page, last = split_page(found, _ENTRIES_MAX)
    return answer(
        {
            **render_execution(execution),
            "phases": [
                {"position": entry.position, "phase": phase, "at": stamp(entry.ended_at)}
                for entry in page
                for phase in entry.phases
            ],
            "attempts": [_attempt(entry) for entry in page if entry.step_id is not None],
            "next_after": last and last.position,
        }
    )


async def cancel(request: web.Request) -> web.Response:
    """202 once the command is durable; the execution ends soon after."""
    execution_id = ExecutionId(id_in_path(request))
    body = validate(CancelRequest, await read_options(request, request.app[SETTINGS]))
    execution = await cancel_execution(request.app[RESOURCES], execution_id, body.reason)
    return answer(render_execution(execution), status=202)


def render_execution(execution: Execution) -> dict[str, Any]:
    """An execution as JSON."""
    finished_at, cancelled_at = execution.finished_at, execution.cancel_requested_at
    return {
        "id": str(execution.id),
        "environment_id": str(execution.environment_id),
        "workflow_id": str(execution.workflow_id),
        "workflow_version": execution.workflow_version,
        "event_key": str(execution.event_key),
        "status": execution.status,
        "progress": {"completed": execution.steps_settled, "total": execution.steps_total},
        "error": execution.error,
        "created_at": stamp(execution.created_at),
        "updated_at": stamp(execution.updated_at),
        "finished_at": finished_at and stamp(finished_at),
        "cancel_requested_at": cancelled_at and stamp(cancelled_at),
        "cancel_reason": execution.cancel_reason,
    }


def _filter(query: Query) -> ExecutionFilter:
    return ExecutionFilter(
        environment_id=query.id("environment_id", EnvironmentId),
        workflow_id=query.id("workflow_id", WorkflowId),
        event_key=query.id("event_key", EventKey),
        status=query.choice("status", Status),
        from_at=query.time("from"),
        before_at=query.time("to"),
    )


def _attempt(entry: LogEntry) -> dict[str, Any]:
    return {
        "position": entry.position,
        "step_id": entry.step_id,
        "attempt": entry.attempt,
        "status": entry.status,
        "input": entry.input,
        "output": entry.output,
        "error": entry.error,
        "started_at": entry.started_at and stamp(entry.started_at),
        "ended_at": stamp(entry.ended_at),
        "retry_at": entry.retry_at and stamp(entry.retry_at),
    }
