"""The timers of one partition that are due soon, in memory; all others rest in Postgres."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from shared.domain.ids import ExecutionId

Alarm = tuple[datetime, ExecutionId]
"""When an execution wakes. Alarms are in the order of time, and then of ids."""

_NOBODY = ExecutionId(UUID(int=0))


def before(at: datetime) -> Alarm:
    """A place in the order of alarms: before every one that is due at ``at``."""
    return at, _NOBODY


_FIRST = before(datetime.min.replace(tzinfo=UTC))


@dataclass(slots=True)
class Alarms:
    """A heap of alarms.

    Every timer up to ``end`` is in it, or was; each is loaded once. An alarm may ring for an
    execution that needs nothing any more, or twice: whoever answers looks at the execution's state.
    """

    end: Alarm = _FIRST
    _heap: list[Alarm] = field(default_factory=list)

    def load(self, timers: Iterable[Alarm], *, end: Alarm) -> None:
        """Take in all timers after the old end and up to the new one."""
        self._heap = sorted({*self._heap, *timers})
        self.end = end

    def add(self, due_at: datetime, execution_id: ExecutionId) -> None:
        """Ring at ``due_at``, unless a later load will bring it anyway."""
        if (due_at, execution_id) <= self.end:
            heapq.heappush(self._heap, (due_at, execution_id))

    def must_load(self, now: datetime) -> bool:
        """Whether alarms beyond the end may be due, while none before it is left."""
        return self.end[0] <= now and (not self._heap or self._heap[0] > self.end)

    def due(self, now: datetime, *, limit: int) -> list[ExecutionId]:
        """Take the executions whose time has come, earliest first."""
        rung: list[ExecutionId] = []
        while self._heap and self._heap[0][0] <= now and len(rung) < limit:
            rung.append(heapq.heappop(self._heap)[1])
        return rung

    def first_at(self) -> datetime | None:
        """When the earliest alarm in memory rings, or should have."""
        return self._heap[0][0] if self._heap else None

    def next_at(self) -> datetime:
        """When to look again."""
        return min(self._heap[0], self.end)[0] if self._heap else self.end[0]
