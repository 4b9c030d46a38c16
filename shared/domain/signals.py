"""What reaches an execution from outside while it runs or waits.

Each names the step that it is for. One that comes too late, or twice, changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.domain.executions import Status
from shared.domain.ids import StepId
from shared.domain.outcomes import StepError


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A person's answer to an approval. ``decision_id`` tells whose won."""

    step_id: StepId
    decision: Literal["approve", "reject"]
    decision_id: str
    by: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A form filled in, by a button where it has several."""

    step_id: StepId
    data: Any
    decision_id: str
    button: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """The event that a step waits for, as native expressions see it."""

    step_id: StepId
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded:
    """A remote worker's answer to attempt ``attempt``; an ``error`` means failure."""

    step_id: StepId
    attempt: int
    output: Any = None
    error: StepError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A remote worker's sign of life."""

    step_id: StepId
    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEnded:
    """The execution that attempt ``attempt`` of a step waits for has ended."""

    step_id: StepId
    attempt: int
    execution_id: str
    status: Status
    output: Any = None
    error: StepError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCame:
    """The execution may run: one that its policy made it wait for has ended."""

    step_id: StepId


@dataclass(frozen=True, slots=True)
class Suspend:
    """Start no further step until told to go on."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on."""


Told = Decided | Submitted | Arrived | TaskEnded | ChildEnded | TurnCame | Suspend | Resume
"""What comes as a command."""

Answer = Decided | Submitted | Arrived | TaskEnded | Beat | ChildEnded | TurnCame
Signal = Answer | Suspend | Resume
