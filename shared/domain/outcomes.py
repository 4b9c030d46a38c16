"""How a step's attempt ended, as a value: a failing step is no exception."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.domain.frozen import frozen


class ErrorKind(StrEnum):
    """Why an attempt failed."""

    EXPRESSION = "expression"
    INVALID_INPUT = "invalid_input"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    HTTP = "http_status"
    TOO_LARGE = "too_large"
    UNFIT = "unfit"
    REMOTE = "remote"
    REJECTED = "rejected"
    SUBWORKFLOW = "subworkflow"
    ITEM = "item"
    TERMINATED = "terminated"
    COMPENSATION = "compensation"
    HISTORY = "history"
    DEFECT = "defect"


@frozen
class StepError:
    """What went wrong; ``message`` is shown to the workflow's author."""

    kind: ErrorKind
    message: str
    retryable: bool = False
    status: int | None = None
    retry_after_s: float | None = None


class WaitKind(StrEnum):
    """What a step waits for."""

    SLEEP = "sleep"
    APPROVAL = "approval"
    FORM = "form"
    EVENT = "event"
    TASK = "task"
    SUBWORKFLOW = "subworkflow"
    ITEMS = "items"
    TURN = "turn"
    THROTTLE = "throttle"


@frozen
class Wait:
    """What a step waits for, and what is to be known about it: a JSON object by kind.

    ==============  ============================================================================
    sleep           ``until``
    approval, form  the step's block, ``message`` and ``context`` (the step's input)
    event           ``event_name match input look_back``
    task            ``action task_id input heartbeat_s timeout_s``
    subworkflow     ``execution_id workflow_id workflow_version input``
    items           ``items``
    turn            ``key``
    throttle        ``from until``: the window in which there is room for the call
    ==============  ============================================================================
    """

    kind: WaitKind
    data: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Completed:
    """The step did its work; ``handle`` names the way it leaves by, where it has several.

    ``is_result``: the output is the execution's result; ``ends``: and the execution ends with it.
    """

    input: Any = None
    output: Any = None
    handle: str | None = None
    is_result: bool = False
    ends: bool = False


@frozen
class Failed:
    """The attempt failed; the retry policy decides what follows.

    ``ends``: and with it the execution, whatever the step's ``on_failure``.
    """

    error: StepError
    input: Any = None
    output: Any = None
    ends: bool = False


@frozen
class Skipped:
    """The step was not to run; ``reason`` says which condition was not true."""

    reason: str | None = None


@frozen
class Parked:
    """The step waits for something from outside, until ``wake_at`` at most.

    ``is_detached``: it waits for nothing; what it began goes its own way.
    """

    wait: Wait
    wake_at: datetime | None = None
    input: Any = None
    is_detached: bool = False


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The attempt was broken off; its effect may have happened."""


Outcome = Completed | Failed | Skipped | Parked
