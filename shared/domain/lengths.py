"""How long an execution's log may get."""

from shared.domain.outcomes import ErrorKind, StepError

HISTORY_MAX = 50_000
"""Entries, unless it is set: an iterator at its bounds, of which a worker tries each of 1,000 items
20 times, comes to 40,000."""


def too_long(entries: int, entries_max: int) -> StepError:
    """Why an execution goes no further."""
    message = (
        f"The execution has {entries:,} entries in its history; at most {entries_max:,} are"
        " allowed. Split the work into workflows that start each other."
    )
    return StepError(kind=ErrorKind.HISTORY, message=message)
