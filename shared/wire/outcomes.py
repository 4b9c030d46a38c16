"""A step's outcome as expressions see it."""

from typing import Any

from shared.domain.executions import Attempt
from shared.wire.errors import error_data


def outcome_data(attempt: Attempt) -> dict[str, Any]:
    """A settled step's outcome: what ``steps`` holds of it."""
    return {
        "status": attempt.status.value,
        "input": attempt.input,
        "output": attempt.output,
        "error": error_data(attempt.error),
        "handle": attempt.handle,
    }
