"""TransactionLink's words for how an execution stands."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from shared.domain.executions import Status
from shared.domain.outcomes import WaitKind


class ExecutionStatus(StrEnum):
    """It is ``AWAITING`` while what it needs is for somebody else to do."""

    RUNNING = "RUNNING"
    AWAITING = "AWAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


_OTHERS: Final = frozenset(
    {WaitKind.APPROVAL, WaitKind.FORM, WaitKind.EVENT, WaitKind.TASK, WaitKind.SUBWORKFLOW}
)


def execution_status(status: Status, waits_for: Iterable[WaitKind | None]) -> ExecutionStatus:
    """The word for a status; ``waits_for`` is what its steps wait for, if it is WAITING.

    Waiting for a time, or for one's turn, is running.
    """
    if status.is_terminal:
        return ExecutionStatus(status.value)
    if status is Status.WAITING and not _OTHERS.isdisjoint(waits_for):
        return ExecutionStatus.AWAITING
    return ExecutionStatus.RUNNING
