"""An execution: one run of a workflow version, and the log of what happened in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.domain.ids import StepId
from shared.domain.outcomes import StepError


class Status(StrEnum):
    """Where an execution is; see docs/STATES.md. The last three are terminal."""

    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more can happen."""
        return self in _TERMINAL


_TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


class AttemptStatus(StrEnum):
    """How one attempt of a step ended. RETRYING: it failed and another will follow."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    RETRYING = "RETRYING"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"

    @property
    def settles(self) -> bool:
        """Whether the step has no further attempt."""
        return self is not AttemptStatus.RETRYING


class Phase(StrEnum):
    """The lifecycle events of an execution, published as ``workflow_execution:<phase>``."""

    CREATED = "created"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One ended attempt of one step; immutable once written. ``retry_at``: when the next is due."""

    step_id: StepId
    number: int
    status: AttemptStatus
    started_at: datetime
    ended_at: datetime
    input: Any = None
    output: Any = None
    error: StepError | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is known of an execution: the fold of its log.

    ``position`` is the last log position; ``settled`` holds each finished step's last attempt, in
    the order they finished; ``attempt`` is the number of the attempt that comes next;
    ``retry_at`` is set while RETRYING, ``error`` when FAILED.
    """

    status: Status
    position: int = 0
    settled: Mapping[StepId, Attempt] = field(default_factory=dict)
    attempt: int = 1
    retry_at: datetime | None = None
    error: StepError | None = None
