"""The native routes of schedules: when workflows and steps are due, and ending those of steps."""

from typing import Final

from aiohttp import web
from pydantic import Field

from services.api.http.bodies import answer
from services.api.http.pages import cursor_after, page_by
from services.api.http.parameters import id_in_path
from services.api.http.query_strings import Id, PageQuery
from services.api.http.route import OPERATE, READ, Route, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.note_changes import note
from services.api.resources import RESOURCES
from shared.db.audit import Change
from shared.db.schedules import Kept, ScheduleFilter, StepOwner, end_schedule, list_schedules
from shared.domain.ids import ExecutionId, ScheduleId, WorkflowId
from shared.wire.documents.parts import Page
from shared.wire.documents.schedules import ScheduleDocument
from shared.wire.envelope import stamped


class SchedulesQuery(PageQuery):
    """Which schedules to list."""

    workflow_id: Id[WorkflowId] | None = None
    execution_id: Id[ExecutionId] | None = Field(None, description="Whose steps set them up.")


async def list_all(request: web.Request) -> web.Response:
    """A page in the order in which they are due."""
    query = query_of(request, SchedulesQuery)
    which = ScheduleFilter(
        environment_id=await environment_of(request),
        workflow_id=query.workflow_id,
        execution_id=query.execution_id,
    )
    async with request.app[RESOURCES].tenant(which.environment_id) as conn:
        found = await list_schedules(conn, which, after=query.cursor, limit=query.limit + 1)
    return answer(page_by(found, query.limit, _document, _cursor))


async def delete(request: web.Request) -> web.Response:
    """204; what it has started goes on. 409 for a schedule of a workflow itself."""
    schedule_id, caller = ScheduleId(id_in_path(request)), await caller_of(request)
    resources = request.app[RESOURCES]
    async with resources.tenant(caller.environment_id) as conn:
        await end_schedule(conn, schedule_id)
        change = Change(action="schedule.delete", target=f"schedule:{schedule_id}")
        await note(resources, conn, caller, change)
    return web.Response(status=204)


def _cursor(kept: Kept) -> str | None:
    return None if kept.next_at is None else cursor_after((kept.next_at, kept.id))


def _document(kept: Kept) -> ScheduleDocument:
    owner, schedule = kept.owner, kept.schedule
    step = owner if isinstance(owner, StepOwner) else None
    return {
        "id": str(kept.id),
        "environment_id": str(kept.environment_id),
        "workflow_id": str(kept.workflow_id),
        "workflow_version": kept.workflow_version,
        "trigger_id": None if isinstance(owner, StepOwner) else owner,
        "execution_id": None if step is None else str(step.execution_id),
        "step_id": None if step is None else step.step_id,
        "kind": schedule.kind,
        "value": schedule.value,
        "timezone": schedule.timezone,
        "next_at": stamped(kept.next_at),
        "is_resting": kept.is_resting,
    }


ROUTES: Final = (
    Route(
        *("GET", "/v1/schedules", list_all, READ),
        query=SchedulesQuery,
        answers={200: Page[ScheduleDocument]},
    ),
    Route("DELETE", "/v1/schedules/{id}", delete, OPERATE, answers={204: None}),
)
