"""Truto's words for how a run stands."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.domain.executions import Status


class RunStatus(StrEnum):
    """Truto calls a run that has not begun ``created``; here one is there once it has begun."""

    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


RUN_STATUS: Final[Mapping[Status, RunStatus]] = MappingProxyType(
    {
        Status.RUNNING: RunStatus.RUNNING,
        Status.WAITING: RunStatus.RUNNING,
        Status.RETRYING: RunStatus.RUNNING,
        Status.SUSPENDED: RunStatus.RUNNING,
        Status.COMPENSATING: RunStatus.RUNNING,
        Status.COMPLETED: RunStatus.COMPLETED,
        Status.FAILED: RunStatus.FAILED,
        Status.CANCELLED: RunStatus.FAILED,
        Status.EXPIRED: RunStatus.FAILED,
    }
)
"""Truto has no word for a run that was cancelled, or that expired: its error says so."""
