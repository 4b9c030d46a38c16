"""What a schedule starts for a time: the execution's id, and the command.

The id follows from the time and from whose schedule it is, a workflow's trigger or an execution's
step: whoever starts it again starts nothing new.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from shared.domain.due_times import next_due, run_at
from shared.domain.events import Event
from shared.domain.ids import (
    EnvironmentId,
    ExecutionId,
    WorkflowId,
    due_id,
    event_key,
    execution_id,
    trigger_source,
)
from shared.domain.kept_schedules import Kept
from shared.wire.commands import encode_start
from shared.wire.envelope import stamp
from shared.wire.events import encode_event
from shared.wire.lineage import Lineage, Repeat, read_asked

DUE: Final = "schedule:due"
"""The type of the event that a workflow's schedule starts an execution with."""


class Made(NamedTuple):
    """The execution that has set a schedule up: how large its event is, None: it is not kept.

    ``lineage`` is what ``shared/wire/lineage.py`` writes.
    """

    event_bytes: int | None
    lineage: Mapping[str, Any]
    is_cancelled: bool

    @property
    def has_ended(self) -> bool:
        """Whether its schedule starts nothing any more."""
        return self.is_cancelled or self.event_bytes is None


def trigger_run_id(
    environment_id: EnvironmentId, workflow_id: WorkflowId, trigger_id: str, at: datetime
) -> ExecutionId:
    """The one execution that a trigger starts for a time."""
    key = event_key(environment_id, trigger_source(workflow_id, trigger_id), stamp(at))
    return execution_id(workflow_id, key)


def run_id(kept: Kept, at: datetime) -> ExecutionId:
    """The one execution that a schedule starts for a time."""
    if isinstance(kept.owner, str):
        return trigger_run_id(kept.environment_id, kept.workflow_id, kept.owner, at)
    return due_id(kept.id, at)


def deferred(kept: Kept, after: datetime) -> Kept:
    """As it stands when everything up to ``after`` is dealt with."""
    at = next_due(kept.schedule, after)
    if at is None:
        return kept._replace(next_at=None, run_at=None)
    return kept._replace(next_at=at, run_at=run_at(kept.schedule, at, run_id(kept, at)))


def encode_due(
    kept: Kept, made: Made | None, event: bytes | None, at: datetime, *, source: str
) -> bytes:
    """The command that starts the execution for a time.

    Where a step has set it up, ``made`` is its execution, and ``event`` what that started with.
    """
    told, lineage = _cause(kept, made, event, at)
    return encode_start(
        run_id(kept, at),
        kept.workflow_id,
        kept.workflow_version,
        told,
        at,
        source=source,
        lineage=lineage,
    )


def _cause(
    kept: Kept, made: Made | None, event: bytes | None, at: datetime
) -> tuple[bytes, Lineage]:
    """With which event an execution starts, and what it belongs to."""
    if isinstance(kept.owner, str):
        return encode_event(_event(kept, kept.owner, at)), Lineage()
    assert made is not None, "a step's schedule has its execution"
    assert event is not None, "one without its event has ended"
    repeats = Repeat(
        execution_id=kept.owner.execution_id,
        inherits=True,
        step_id=kept.owner.step_id,
        is_only=True,
        due_at=at,
    )
    asked = read_asked(made.lineage)
    return event, Lineage(repeats=repeats, asked=asked and asked.repeated)


def _event(kept: Kept, trigger_id: str, at: datetime) -> Event:
    source, id_ = trigger_source(kept.workflow_id, trigger_id), stamp(at)
    return Event(
        key=event_key(kept.environment_id, source, id_),
        environment_id=kept.environment_id,
        type=DUE,
        source=source,
        id=id_,
        received_at=at,
        time=at,
        payload={
            "scheduled_at": id_,
            "trigger_id": trigger_id,
            "schedule": kept.schedule.model_dump(mode="json"),
        },
    )
