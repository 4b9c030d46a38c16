"""What is written about executions at once: rows to be, and how they merge."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from shared.domain.executions import Attempt, Entry, State
from shared.domain.ids import EnvironmentId, ExecutionId, StepId
from shared.wire.results import Origin


class Fence(NamedTuple):
    """The epoch a partition's writer was given, and the cursors it leaves with this commit."""

    partition: int
    epoch: int
    consumed_offset: int
    active_offset: int
    written_seq: int
    emitted_seq: int


class Started(NamedTuple):
    """An execution to admit, in its ``state`` of ``at``. It is written only if its id is new."""

    origin: Origin
    partition: int
    command_offset: int
    event_json: str
    created_at: datetime
    state: State
    at: datetime
    cancel_requested_at: datetime | None = None
    cancel_reason: str | None = None


class Written(NamedTuple):
    """A log entry to append; ``seq`` ascends in the partition.

    ``is_first``: it is written with the execution's admission, or not at all.
    """

    partition: int
    seq: int
    origin: Origin
    entry: Entry
    at: datetime
    is_first: bool = False


class Changed(NamedTuple):
    """What becomes of an execution's row; None leaves a column as it is."""

    partition: int
    execution_id: ExecutionId
    at: datetime
    state: State | None = None
    cancel_requested_at: datetime | None = None
    cancel_reason: str | None = None

    def merged(self, later: "Changed") -> "Changed":
        """Both changes in one: Postgres updates a row once a statement."""
        return later._replace(
            at=max(self.at, later.at),
            state=later.state or self.state,
            cancel_requested_at=self.cancel_requested_at or later.cancel_requested_at,
            cancel_reason=self.cancel_reason or later.cancel_reason,
        )


class Timer(NamedTuple):
    """When an execution wakes; ``due_at`` None forgets its timer.

    ``is_first``: it is written with the execution's admission, or not at all.
    """

    partition: int
    execution_id: ExecutionId
    due_at: datetime | None
    is_first: bool = False


class Heard(NamedTuple):
    """A command for an execution, kept until it is taken in. One that has ended keeps none."""

    partition: int
    execution_id: ExecutionId
    command_offset: int
    command_json: str


class TakenIn(NamedTuple):
    """A command of which the execution's log shows the effect, or which had none."""

    partition: int
    execution_id: ExecutionId
    command_offset: int


class Waiting(NamedTuple):
    """A step that waits for something from outside; without an ``attempt`` it waits no more."""

    partition: int
    execution_id: ExecutionId
    step_id: StepId
    environment_id: EnvironmentId
    attempt: Attempt | None = None
    has_looked_back: bool = True


@dataclass(slots=True, kw_only=True)
class Group:
    """What is committed at once. An execution is started, and changed, at most once in it."""

    fences: list[Fence] = field(default_factory=list)
    started: dict[ExecutionId, Started] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    changed: dict[ExecutionId, Changed] = field(default_factory=dict)
    timers: dict[tuple[ExecutionId, bool], Timer] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    taken_in: list[TakenIn] = field(default_factory=list)
    waiting: dict[tuple[ExecutionId, StepId], Waiting] = field(default_factory=dict)

    def change(self, change: Changed) -> None:
        """Add a change, merged with what the group already says of the execution.

        A statement does not see the rows it inserts: an execution started in this very group takes
        a cancellation with it, unless it has ended. Should it turn out not to be new, the change
        still applies.
        """
        started = self.started.get(change.execution_id)
        if started is not None and not started.state.status.is_terminal:
            self.started[change.execution_id] = started._replace(
                cancel_requested_at=change.cancel_requested_at,
                cancel_reason=change.cancel_reason,
            )
        earlier = self.changed.get(change.execution_id)
        self.changed[change.execution_id] = earlier.merged(change) if earlier else change

    def wake(self, timer: Timer) -> None:
        """Set an execution's timer; the last word of a group counts.

        That of an admission stands apart: what there is already has its timer from its own words,
        and one that is new has nothing to forget, though a word for it came too early.
        """
        self.timers[timer.execution_id, timer.is_first] = timer

    def wait(self, waiting: Waiting) -> None:
        """Note that a step waits, or waits no more; the last word of a group counts."""
        self.waiting[waiting.execution_id, waiting.step_id] = waiting
