"""Schedules, as they are shown."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.kept_schedules import SkipReason
from shared.domain.schedules import CatchUp, Overlap, ScheduleKind
from shared.wire.documents.parts import Id, Time


class PauseDocument(TypedDict):
    """Why nothing starts."""

    at: Time
    by: str
    note: str | None


class LastRunDocument(TypedDict):
    """The execution that a schedule started last."""

    due_at: Time
    execution_id: Id
    started_at: Annotated[Time, Field(description="When it was told to start.")]


class SkippedDocument(TypedDict):
    """A time for which nothing started."""

    due_at: Time
    reason: SkipReason


class ScheduleDocument(TypedDict):
    """A schedule of a workflow's trigger, or of a step of an execution of it."""

    id: Id
    environment_id: Id
    workflow_id: Id
    workflow_version: int
    trigger_id: Annotated[str | None, Field(description="null: it is a step's.")]
    execution_id: Annotated[Id | None, Field(description="null: it is a trigger's.")]
    step_id: Annotated[str | None, Field(description="null: it is a trigger's.")]
    kind: ScheduleKind
    value: Annotated[str | None, Field(description="When it is due, in the words of its kind.")]
    timezone: str
    starts_at: Time | None
    ends_at: Time | None
    jitter_s: float
    catch_up: CatchUp
    catch_up_max: int
    overlap: Overlap
    next_at: Annotated[Time | None, Field(description="null: it is never due again.")]
    run_at: Annotated[
        Time | None, Field(description="When what is due next starts: `jitter_s` later at most.")
    ]
    is_resting: Annotated[bool, Field(description="Whether its workflow is not live.")]
    pause: Annotated[PauseDocument | None, Field(description="null: it is not paused.")]
    last: Annotated[LastRunDocument | None, Field(description="null: nothing started yet.")]
    queued_at: Annotated[
        Time | None,
        Field(description="The time that waits for the end of the execution started last."),
    ]
    skipped: Annotated[
        SkippedDocument | None, Field(description="The time that was passed over last.")
    ]


class DueDocument(TypedDict):
    """A time at which a schedule is due."""

    at: Time
    run_at: Annotated[
        Time | None,
        Field(description="When it starts then; null: that depends on whose schedule it is."),
    ]


class DueTimesDocument(TypedDict):
    """When a schedule is due next; fewer than were asked for: never again after these."""

    items: list[DueDocument]


class DueRunDocument(TypedDict):
    """A time, and the execution that is started for it."""

    at: Time
    execution_id: Id


class BackfillDocument(TypedDict):
    """What came of the times of a schedule in a span, both ends included."""

    schedule_id: Id
    from_at: Time
    to_at: Time
    is_preview: bool
    missed: Annotated[
        list[DueRunDocument],
        Field(description="They never started, and do now, unless this is a preview."),
    ]
    fired: Annotated[list[DueRunDocument], Field(description="They have started before.")]
