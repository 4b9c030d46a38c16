"""How a step's attempt ended, as a value: a failing step is no exception."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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
    DEFECT = "defect"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepError:
    """What went wrong; ``message`` is shown to the workflow's author."""

    kind: ErrorKind
    message: str
    retryable: bool = False
    status: int | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The step did its work."""

    input: Any = None
    output: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt failed; the retry policy decides what follows."""

    error: StepError
    input: Any = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """The step's own ``run_if`` was not true."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The attempt was broken off by a cancellation; its effect may have happened."""


Outcome = Completed | Failed | Skipped | Interrupted
