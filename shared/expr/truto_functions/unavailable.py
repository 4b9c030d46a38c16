"""Functions that need what is not there: they fail, and say what they need."""

from collections.abc import Callable
from typing import Any

from shared.expr.errors import ExpressionError


def unavailable(name: str, need: str) -> Callable[..., Any]:
    """A function that fails whatever it is given."""

    def fail(*_given: Any) -> None:
        raise ExpressionError("NOT_CONFIGURED", f"${name} needs {need}, which is not configured.")

    return fail
