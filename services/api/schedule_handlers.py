"""The native routes of schedules: when workflows and steps are due, and ending those of steps."""

from typing import Any

from aiohttp import web

from services.api.auth import caller_of
from services.api.bodies import answer
from services.api.note_changes import note
from services.api.pages import cursor_after, split_page
from services.api.parameters import Query, id_in_path
from services.api.resources import RESOURCES
from shared.db.audit import Change
from shared.db.schedules import Kept, ScheduleFilter, StepOwner, end_schedule, list_schedules
from shared.domain.ids import ExecutionId, ScheduleId, WorkflowId
from shared.wire.envelope import stamp


async def list_all(request: web.Request) -> web.Response:
    """A page in the order in which they are due."""
    query = Query(request, "environment_id", "workflow_id", "execution_id", "limit", "cursor")
    which = ScheduleFilter(
        environment_id=await query.environment(),
        workflow_id=query.id("workflow_id", WorkflowId),
        execution_id=query.id("execution_id", ExecutionId),
    )
    async with request.app[RESOURCES].tenant(which.environment_id) as conn:
        found = await list_schedules(conn, which, after=query.cursor(), limit=query.limit + 1)
    page, last = split_page(found, query.limit)
    after = None if last is None or last.next_at is None else cursor_after((last.next_at, last.id))
    return answer({"items": [_document(kept) for kept in page], "next_cursor": after})


async def delete(request: web.Request) -> web.Response:
    """204; what it has started goes on. 409 for a schedule of a workflow itself."""
    schedule_id, caller = ScheduleId(id_in_path(request)), await caller_of(request)
    resources = request.app[RESOURCES]
    async with resources.tenant(caller.environment_id) as conn:
        await end_schedule(conn, schedule_id)
        change = Change(action="schedule.delete", target=f"schedule:{schedule_id}")
        await note(resources, conn, caller, change)
    return web.Response(status=204)


def _document(kept: Kept) -> dict[str, Any]:
    step = kept.owner if isinstance(kept.owner, StepOwner) else None
    return {
        "id": str(kept.id),
        "environment_id": str(kept.environment_id),
        "workflow_id": str(kept.workflow_id),
        "workflow_version": kept.workflow_version,
        "trigger_id": None if step is not None else kept.owner,
        "execution_id": step and str(step.execution_id),
        "step_id": step and step.step_id,
        **kept.schedule.model_dump(mode="json"),
        "next_at": kept.next_at and stamp(kept.next_at),
        "is_resting": kept.is_resting,
    }
