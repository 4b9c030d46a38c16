"""The timers of one partition that are due soon, in memory; all others rest in Postgres."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.domain.ids import ExecutionId

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Alarms:
    """A heap of (due time, execution).

    Every timer due before ``horizon`` is in it. An alarm may ring for an execution that needs
    nothing any more, or twice: whoever answers looks at the execution's state.
    """

    horizon: datetime = _LONG_AGO
    _heap: list[tuple[datetime, ExecutionId]] = field(default_factory=list)

    def load(self, timers: Iterable[tuple[datetime, ExecutionId]], *, horizon: datetime) -> None:
        """Take in all timers that are due before ``horizon``."""
        self._heap = sorted({*self._heap, *timers})
        self.horizon = horizon

    def add(self, due_at: datetime, execution_id: ExecutionId) -> None:
        """Ring at ``due_at``, unless a later load will bring it anyway."""
        if due_at < self.horizon:
            heapq.heappush(self._heap, (due_at, execution_id))

    def due(self, now: datetime, *, limit: int) -> list[ExecutionId]:
        """Take the executions whose time has come, earliest first."""
        rung: list[ExecutionId] = []
        while self._heap and self._heap[0][0] <= now and len(rung) < limit:
            rung.append(heapq.heappop(self._heap)[1])
        return rung

    def next_at(self) -> datetime:
        """When to look again."""
        return self._heap[0][0] if self._heap else self.horizon
