"""Schedules, as they are shown."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.schedules import ScheduleKind
from shared.wire.documents.parts import Id, Time


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
    next_at: Annotated[Time | None, Field(description="null: it is never due again.")]
    is_resting: Annotated[bool, Field(description="Whether its workflow is not live.")]
