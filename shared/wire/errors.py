"""A step's error as JSON."""

from shared.domain.outcomes import ErrorKind, StepError
from shared.wire.messages import ErrorData


def error_data(error: StepError | None) -> ErrorData | None:
    """A step's error as JSON."""
    if error is None:
        return None
    return {
        "kind": error.kind.value,
        "message": error.message,
        "retryable": error.retryable,
        "status": error.status,
        "retry_after_s": error.retry_after_s,
    }


def step_error(data: ErrorData | None) -> StepError | None:
    """The error that ``error_data`` wrote."""
    if data is None:
        return None
    return StepError(
        kind=ErrorKind(data["kind"]),
        message=data["message"],
        retryable=data["retryable"],
        status=data["status"],
        retry_after_s=data["retry_after_s"],
    )
