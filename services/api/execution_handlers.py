"""The native routes that show executions."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from services.api.await_result import await_result
from services.api.execution_fields import asked_fields, kinship_fields, trigger_fields
from services.api.pages import page_of, split_page
from services.api.parameters import Query, id_in_path
from services.api.payloads import Payload, answer_to, error_shown, subject_shown
from services.api.problems import RESULT_NOT_READY
from services.api.resources import RESOURCES, ApiResources
from services.api.restore_execution import current_steps, restore_execution
from shared.db.history import (
    Execution,
    ExecutionFilter,
    LogEntry,
    find_trigger,
    get_execution,
    list_entries,
    list_executions,
)
from shared.db.pool import Connection
from shared.domain.executions import Status
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, WorkflowId, split_key
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

WAIT_S_MAX: Final = 30

_ENTRIES_MAX: Final = 200
_POSITION_MAX: Final = 2**31 - 1


async def list_recent(request: web.Request) -> web.Response:
    """A page of executions, the latest first; ``from`` and ``to`` bound their creation."""
    query = Query(
        request,
        *("workflow_id", "event_key", "environment_id", "status", "from", "to"),
        *("limit", "cursor"),
    )
    which = _filter(query, await query.environment())
    async with request.app[RESOURCES].tenant(which.environment_id) as conn:
        found = await list_executions(conn, which, before=query.cursor(), limit=query.limit + 1)
    return answer_to(
        request, page_of(found, query.limit, render_execution, lambda one: (one.created_at, one.id))
    )


async def get(request: web.Request) -> web.Response:
    """The execution with its phases and attempts in order, after the position ``?after=``.

    Its progress also says what it is at now, on the first page of a long log and on the last.
    """
    execution_id = ExecutionId(id_in_path(request))
    query = Query(request, "after", "environment_id")
    after = query.integer("after", minimum=0, maximum=_POSITION_MAX)
    resources, environment_id = request.app[RESOURCES], await query.environment()
    async with resources.tenant(environment_id) as conn:
        execution = await get_execution(conn, execution_id)
        event = await find_trigger(conn, execution_id)
        found = await list_entries(conn, execution_id, after=after or 0, limit=_ENTRIES_MAX + 1)
        page, last = split_page(found, _ENTRIES_MAX)
        current = None
        if after is None or last is None:
            current = await _current(resources, conn, execution)
    shown = render_execution(execution, is_whole=True)
    return answer_to(
        request,
        {
            **shown,
            "trigger": trigger_fields(execution, event),
            "progress": {**shown["progress"], "current": current},
            "phases": [
                {"position": entry.position, "phase": phase, "at": stamp(entry.ended_at)}
                for entry in page
                for phase in entry.phases
            ],
            "attempts": [_attempt(entry, entry.step_id) for entry in page if entry.step_id],
            "next_after": last and last.position,
        },
    )


async def result(request: web.Request) -> web.Response:
    """200 with the result as soon as it is there, waiting for it up to ``?wait_s=`` seconds.

    404 RESULT_NOT_READY while it is not, 409 NO_RESULT when there will be none. An execution that
    is not there may be about to start, and is waited for as well.
    """
    execution_id = ExecutionId(id_in_path(request))
    query = Query(request, "wait_s", "environment_id")
    wait_s = query.integer("wait_s", minimum=0, maximum=WAIT_S_MAX) or 0
    environment_id = await query.environment()
    found = await await_result(request, environment_id, execution_id, wait_s)
    if found is None:
        async with request.app[RESOURCES].tenant(environment_id) as conn:
            execution = await get_execution(conn, execution_id)
        said = f"Execution {execution_id} is {execution.status}; there is no result yet."
        raise invalid("", RESULT_NOT_READY, said)
    return answer_to(request, {"result": Payload(found.value)})


def render_execution(execution: Execution, *, is_whole: bool = False) -> dict[str, Any]:
    """An execution as JSON; what may be large in it only where it ``is_whole``."""
    finished_at, cancelled_at = execution.finished_at, execution.cancel_requested_at
    expires_at = execution.expires_at
    return {
        "id": str(execution.id),
        "environment_id": str(execution.environment_id),
        "workflow_id": str(execution.workflow_id),
        "workflow_version": execution.workflow_version,
        "workflow_name": execution.workflow_name,
        "revision": execution.revision,
        "event_key": str(execution.event_key),
        "status": execution.status,
        "progress": _progress(execution),
        "error": error_shown(execution.error),
        "created_at": stamp(execution.created_at),
        "updated_at": stamp(execution.updated_at),
        "finished_at": finished_at and stamp(finished_at),
        "duration_ms": finished_at and _ms(finished_at - execution.created_at),
        "expires_at": expires_at and stamp(expires_at),
        "cancel_requested_at": cancelled_at and stamp(cancelled_at),
        "cancel_reason": execution.cancel_reason,
        "lineage": _lineage(execution),
        **kinship_fields(execution),
        **asked_fields(execution, is_whole=is_whole),
    }


def _ms(length: timedelta) -> int:
    return round(length.total_seconds() * 1_000)


def _progress(execution: Execution) -> dict[str, Any]:
    done, total = execution.steps_settled, execution.steps_total
    is_done = execution.status is Status.COMPLETED or total == 0
    percent = 100 if is_done else 100 * done // total
    return {"percent": percent, "completed": done, "total": total}


def _lineage(execution: Execution) -> dict[str, Any]:
    told: Mapping[str, Any] = execution.lineage or {}
    cause = told.get("cause") or {}
    return {
        "root_event_key": cause.get("root", str(execution.event_key)),
        "depth": cause.get("depth", 0),
        "path": cause.get("path", [str(execution.workflow_id)]),
        "parent": told.get("parent"),
        "repeats": told.get("repeats"),
    }


async def _current(
    resources: ApiResources, conn: Connection, execution: Execution
) -> list[dict[str, Any]]:
    if execution.status.is_terminal:
        return []
    restored = await restore_execution(conn, execution)
    return [
        {
            **_step(step.key),
            "attempt": step.attempt,
            "stands": step.stands,
            "waits_for": step.waits_for,
            "subject": subject_shown(step.waits_for, step.subject),
            "until": step.until and stamp(step.until),
        }
        for step in current_steps(restored, resources.clock.now())
    ]


def _step(key: str) -> dict[str, Any]:
    step_id, item, compensates = split_key(key)
    return {"step_id": step_id, "item": item, "compensates": compensates}


def _filter(query: Query, environment_id: EnvironmentId) -> ExecutionFilter:
    return ExecutionFilter(
        environment_id=environment_id,
        workflow_id=query.id("workflow_id", WorkflowId),
        event_key=query.id("event_key", EventKey),
        status=query.choice("status", Status),
        from_at=query.time("from"),
        before_at=query.time("to"),
    )


def _attempt(entry: LogEntry, key: str) -> dict[str, Any]:
    return {
        "position": entry.position,
        **_step(key),
        "attempt": entry.attempt,
        "status": entry.status,
        "input": Payload(entry.input),
        "output": Payload(entry.output),
        "error": error_shown(entry.error),
        "started_at": entry.started_at and stamp(entry.started_at),
        "ended_at": stamp(entry.ended_at),
        "wake_at": entry.wake_at and stamp(entry.wake_at),
        "handle": entry.handle,
    }
