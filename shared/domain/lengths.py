"""How long an execution's log may get, and how large what is written in it."""

from typing import Any

import orjson

from shared.domain.outcomes import ErrorKind, StepError

HISTORY_MAX = 50_000
"""Entries, unless it is set: an iterator at its bounds, of which a worker tries each of 1,000 items
20 times, comes to 40,000."""

# Input and output together, with all around them, fit into one record on the bus.
KEPT_BYTES_MAX = 524_288
"""What a step's input, or its output, may take as JSON."""


def unkept(value: Any, what: str, bytes_max: int = KEPT_BYTES_MAX) -> StepError | None:
    """Why a value cannot be written down and published; one such value would stop a whole group."""
    try:
        size = len(orjson.dumps(value))
    except TypeError as error:  # orjson's: too deep, beyond 64 bits, not Unicode
        message = f"The step's {what} holds what a record cannot carry: {error}."
        return StepError(kind=ErrorKind.UNFIT, message=message)
    if size > bytes_max:
        message = f"The step's {what} is {size} bytes; at most {bytes_max} are kept."
        return StepError(kind=ErrorKind.TOO_LARGE, message=message)
    return None


def too_long(entries: int, entries_max: int) -> StepError:
    """Why an execution goes no further."""
    message = (
        f"The execution has {entries:,} entries in its history; at most {entries_max:,} are"
        " allowed. Split the work into workflows that start each other."
    )
    return StepError(kind=ErrorKind.HISTORY, message=message)
