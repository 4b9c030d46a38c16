"""An execution: one run of a workflow version, and the log of what happened in it."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from shared.domain.frozen import frozen
from shared.domain.ids import StepId
from shared.domain.outcomes import StepError, Wait, WaitKind


class Status(StrEnum):
    """Where an execution is; see docs/STATES.md. The last four are terminal."""

    RUNNING = "RUNNING"
    WAITING = "WAITING"
    RETRYING = "RETRYING"
    SUSPENDED = "SUSPENDED"
    COMPENSATING = "COMPENSATING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"

    @cached_property
    def is_terminal(self) -> bool:
        """Whether nothing more can happen."""
        return self in _TERMINAL


_TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.EXPIRED})


class AttemptStatus(StrEnum):
    """How one attempt of a step stands.

    RETRYING: it failed and another will follow. WAITING: it waits for something from outside.
    APPROVED: it was waiting for a person's yes, or for room to call its action, and has it.
    """

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    RETRYING = "RETRYING"
    WAITING = "WAITING"
    APPROVED = "APPROVED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"

    @cached_property
    def settles(self) -> bool:
        """Whether nothing more follows of the step."""
        return self in _SETTLES


_WAITING = AttemptStatus.WAITING
_SETTLES = frozenset(
    {
        AttemptStatus.COMPLETED,
        AttemptStatus.FAILED,
        AttemptStatus.SKIPPED,
        AttemptStatus.CANCELLED,
    }
)


class Phase(StrEnum):
    """The lifecycle events of an execution, published as ``workflow_execution:<phase>``.

    RESPONDED: the result is there, though steps may still follow. COMPENSATED: everything that
    can be undone has been.
    """

    CREATED = "created"
    STARTED = "started"
    WAITING = "waiting"
    RESPONDED = "responded"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    COMPENSATING = "compensating"
    COMPENSATED = "compensated"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ENDS: Mapping[Phase, Status] = {
    Phase.COMPLETED: Status.COMPLETED,
    Phase.FAILED: Status.FAILED,
    Phase.CANCELLED: Status.CANCELLED,
    Phase.EXPIRED: Status.EXPIRED,
}
"""The phases after which nothing follows."""


EXTENDED: Final = "is_extended"
"""A word in the output of an attempt that waits on: what it was given says its first entry."""


@frozen
class Attempt:
    """How one attempt of a step stands; immutable once written.

    ``number`` counts from 1; 0 is an outcome inherited from another execution. ``wake_at``: when
    the next attempt is due, or when waiting ends. ``handle``: the way by which a completed step
    was left, or what kept a skipped one from running. The output of a WAITING attempt is what it
    waits for.
    """

    step_id: StepId
    number: int
    status: AttemptStatus
    started_at: datetime
    ended_at: datetime
    input: Any = None
    output: Any = None
    error: StepError | None = None
    wake_at: datetime | None = None
    handle: str | None = None

    @property
    def wait(self) -> Wait | None:
        """What it waits for."""
        if self.status is not _WAITING:
            return None
        return Wait(kind=WaitKind(self.output["kind"]), data=self.output)

    @property
    def is_extended(self) -> bool:
        """Whether it says only until when the attempt waits on."""
        return self.status is _WAITING and EXTENDED in self.output


@frozen
class Entry:
    """One row of an execution's log: an attempt, or a change of phase, or both at once.

    ``error`` says why an execution failed where no attempt of a step says it.
    """

    position: int
    attempt: Attempt | None = None
    phases: tuple[Phase, ...] = ()
    error: StepError | None = None

    @property
    def failure(self) -> StepError | None:
        """What went wrong in this entry."""
        return self.attempt.error if self.attempt is not None else self.error


@frozen
class Pending:
    """A step that has begun and is not settled.

    ``since`` is when its first attempt began, not counting a wait for a person's yes, nor that of
    the first attempt for room to call its action; ``is_approved``: one of them has ended.
    """

    attempt: Attempt
    since: datetime
    is_approved: bool = False


@frozen
class State:
    """What is known of an execution: the fold of its log.

    ``position`` is the last log position; ``settled`` holds each finished step's last attempt, in
    the order they finished; ``pending`` those that retry or wait. ``failing`` is the error that
    will end an execution that is undoing its steps, ``error`` the one that ended it;
    ``result_at`` the position of the entry whose output is its result.
    """

    status: Status
    position: int = 0
    settled: Mapping[StepId, Attempt] = field(default_factory=dict)
    pending: Mapping[StepId, Pending] = field(default_factory=dict)
    is_suspended: bool = False
    failing: StepError | None = None
    error: StepError | None = None
    expires_at: datetime | None = None
    result_at: int | None = None

    def waiting(self, step_id: StepId) -> Attempt | None:
        """The attempt of a step that waits for something from outside."""
        pending = self.pending.get(step_id)
        if pending is None or pending.attempt.status is not AttemptStatus.WAITING:
            return None
        return pending.attempt

    def begun_at(self, step_id: StepId, started_at: datetime) -> datetime:
        """When the first attempt of a step began, of which another began at ``started_at``."""
        pending = self.pending.get(step_id)
        if pending is None or _could_not_begin(pending.attempt):
            return started_at
        return pending.since


def _could_not_begin(attempt: Attempt) -> bool:
    """Whether all that came before it was a wait: for a yes, or for the first attempt's room."""
    if attempt.status is not AttemptStatus.APPROVED:
        return False
    told = attempt.output
    has_room = isinstance(told, dict) and told.get("kind") == WaitKind.THROTTLE
    return attempt.number == 1 or not has_room
