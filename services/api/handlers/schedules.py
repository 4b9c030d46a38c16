"""The native routes of schedules: when workflows and steps are due, pausing, and making up."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from services.api.http.bodies import answer
from services.api.http.pages import cursor_after, page_by
from services.api.http.parameters import id_in_path
from services.api.http.query_strings import Id, InEnvironment, PageQuery, Whole
from services.api.http.route import OPERATE, READ, Body, Route, body_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.note_changes import note
from services.api.resources import RESOURCES
from services.api.schedules.backfill_schedule import (
    BackfillRequest,
    Run,
    backfill_schedule,
)
from services.api.schedules.schedule_fields import render_next, render_schedule, render_unsaved
from shared.db.audit import Change
from shared.db.schedules import (
    NEVER,
    ScheduleFilter,
    end_schedule,
    find_schedule,
    list_schedules,
    pause_schedule,
    resume_schedule,
)
from shared.domain.errors import Invalid
from shared.domain.ids import ExecutionId, ScheduleId, WorkflowId
from shared.domain.kept_schedules import Pause
from shared.domain.schedules import Schedule
from shared.domain.values import Strict, Text
from shared.matching.times import schedule_problems
from shared.wire.documents.parts import Page
from shared.wire.documents.schedules import (
    BackfillDocument,
    DueRunDocument,
    DueTimesDocument,
    ScheduleDocument,
)
from shared.wire.envelope import stamp

_COUNT: Final = Field(10, description="How many times are wanted.")

Count = Annotated[Whole, Field(ge=1, le=100)]


class SchedulesQuery(PageQuery):
    """Which schedules to list."""

    workflow_id: Id[WorkflowId] | None = None
    execution_id: Id[ExecutionId] | None = Field(None, description="Whose steps set them up.")


class NextQuery(InEnvironment):
    """How far to look ahead."""

    count: Count = _COUNT


class PauseRequest(Strict):
    """The body of a pause."""

    note: Text | None = Field(None, description="Why, for whoever finds it paused.")


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
    return answer(
        page_by(
            found,
            query.limit,
            render_schedule,
            lambda kept: cursor_after((kept.next_at or NEVER, kept.id)),
        )
    )


async def get(request: web.Request) -> web.Response:
    """One schedule."""
    resources, environment_id = request.app[RESOURCES], await environment_of(request)
    async with resources.tenant(environment_id) as conn:
        found = await find_schedule(conn, _id(request))
    return answer(render_schedule(found.kept))


async def upcoming(request: web.Request) -> web.Response:
    """The next times at which it is due; a pause leaves them as they are."""
    resources, environment_id = request.app[RESOURCES], await environment_of(request)
    async with resources.tenant(environment_id) as conn:
        found = await find_schedule(conn, _id(request))
    count = query_of(request, NextQuery).count
    return answer(render_next(found.kept, resources.clock.now(), count))


async def preview(request: web.Request) -> web.Response:
    """The next times at which a schedule would be due that is not saved."""
    schedule = await body_of(request, Schedule)
    if problems := list(schedule_problems(schedule, "")):
        raise Invalid(problems)
    now = request.app[RESOURCES].clock.now()
    return answer(render_unsaved(schedule, now, query_of(request, NextQuery).count))


async def pause(request: web.Request) -> web.Response:
    """Nothing starts until it is resumed; what runs goes on. Once more replaces the note."""
    asked, caller = await body_of(request, PauseRequest), await caller_of(request)
    resources, schedule_id = request.app[RESOURCES], _id(request)
    paused = Pause(at=resources.clock.now(), by=caller.name, note=asked.note)
    async with resources.tenant(caller.environment_id) as conn:
        kept = await pause_schedule(conn, schedule_id, paused)
        change = Change(
            action="schedule.pause", target=_target(schedule_id), after={"note": asked.note}
        )
        await note(resources, conn, caller, change)
    return answer(render_schedule(kept))


async def resume(request: web.Request) -> web.Response:
    """It is due again from now on; what fell due meanwhile is left to a backfill."""
    caller, resources, schedule_id = await caller_of(request), request.app[RESOURCES], _id(request)
    async with resources.tenant(caller.environment_id) as conn:
        kept = await resume_schedule(conn, schedule_id, resources.clock.now())
        change = Change(action="schedule.resume", target=_target(schedule_id))
        await note(resources, conn, caller, change)
    return answer(render_schedule(kept))


async def backfill(request: web.Request) -> web.Response:
    """The times of a span: those that never started do now, unless this is a preview."""
    asked, caller = await body_of(request, BackfillRequest), await caller_of(request)
    schedule_id = _id(request)
    found = await backfill_schedule(request.app[RESOURCES], caller, schedule_id, asked)
    document: BackfillDocument = {
        "schedule_id": str(schedule_id),
        "from_at": stamp(found.from_at),
        "to_at": stamp(found.to_at),
        "is_preview": asked.preview,
        "missed": [_run(run) for run in found.missed],
        "fired": [_run(run) for run in found.fired],
    }
    return answer(document, status=200 if asked.preview else 202)


async def delete(request: web.Request) -> web.Response:
    """204; what it has started goes on. 409 for a schedule of a workflow itself."""
    schedule_id, caller = _id(request), await caller_of(request)
    resources = request.app[RESOURCES]
    async with resources.tenant(caller.environment_id) as conn:
        await end_schedule(conn, schedule_id)
        change = Change(action="schedule.delete", target=_target(schedule_id))
        await note(resources, conn, caller, change)
    return web.Response(status=204)


def _id(request: web.Request) -> ScheduleId:
    return ScheduleId(id_in_path(request))


def _target(schedule_id: ScheduleId) -> str:
    return f"schedule:{schedule_id}"


def _run(run: Run) -> DueRunDocument:
    return {"at": stamp(run.at), "execution_id": str(run.execution_id)}


ROUTES: Final = (
    Route(
        *("GET", "/v1/schedules", list_all, READ),
        query=SchedulesQuery,
        answers={200: Page[ScheduleDocument]},
    ),
    Route(
        *("POST", "/v1/schedules/preview", preview, READ),
        query=NextQuery,
        body=Body(model=Schedule),
        answers={200: DueTimesDocument},
    ),
    Route("GET", "/v1/schedules/{id}", get, READ, answers={200: ScheduleDocument}),
    Route(
        *("GET", "/v1/schedules/{id}/next", upcoming, READ),
        query=NextQuery,
        answers={200: DueTimesDocument},
    ),
    Route(
        *("POST", "/v1/schedules/{id}/pause", pause, OPERATE),
        body=Body(model=PauseRequest, is_optional=True),
        answers={200: ScheduleDocument},
    ),
    Route(*("POST", "/v1/schedules/{id}/resume", resume, OPERATE), answers={200: ScheduleDocument}),
    Route(
        *("POST", "/v1/schedules/{id}/backfill", backfill, OPERATE),
        body=Body(model=BackfillRequest),
        answers={200: BackfillDocument, 202: BackfillDocument},
    ),
    Route("DELETE", "/v1/schedules/{id}", delete, OPERATE, answers={204: None}),
)
