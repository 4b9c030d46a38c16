"""How often workflows were decided on, and why: counted in memory, and kept now and then."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

import structlog

from shared.bus.beside import set_within
from shared.db.decision_counts import Arrived, Decided, add_decisions, add_events
from shared.db.pool import Pool, translated
from shared.domain.errors import Unavailable
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.matching.decisions import Decision, Reason
from shared.runtime.roles import heed_cancellation

log = structlog.get_logger(__name__)

KEPT_EVERY_S: Final = 10.0
KEYS_MAX: Final = 100_000
"""Of workflows and reasons, between two writes; what is beyond is not counted."""

_ROWS_AT_ONCE: Final = 5_000

T = TypeVar("T")


class _Tally:
    """How many decisions, and the last event, without what it holds."""

    __slots__ = ("count", "environment_id", "event_at", "event_key")

    def __init__(self, event: Event) -> None:
        self.count = 0
        self.environment_id = event.environment_id
        self.event_key = event.key
        self.event_at = event.received_at


class Counts:
    """What one matcher has decided since it last wrote its counts.

    They are good for people, not for accounts: what was not written yet is lost with the process or
    an outage, and an event that comes again is counted again.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        # By the numbers of ids, which are hashed much faster.
        self._decided: dict[tuple[date, int, Reason], _Tally] = {}
        self._arrived: dict[tuple[date, int, str], int] = {}
        self._lost = 0

    def add(self, event: Event, names: Iterable[str], decisions: Sequence[Decision]) -> None:
        """Count an event that triggers with these names await, and the decisions on it."""
        day = event.received_at.date()
        for name in names:
            arrived = (day, event.environment_id.int, name)
            self._arrived[arrived] = self._arrived.get(arrived, 0) + 1
        for decision in decisions:
            key = (day, decision.workflow_id.int, decision.reason)
            tally = self._decided.get(key)
            if tally is None:
                if len(self._decided) >= KEYS_MAX:
                    self._lost += 1
                    continue
                tally = self._decided[key] = _Tally(event)
            tally.count += 1
            tally.event_key, tally.event_at = event.key, event.received_at

    async def keep(self, stop: asyncio.Event) -> None:
        """Write what was counted now and then, until ``stop``; the last of it is for its owner."""
        while not stop.is_set():
            await self.write()
            await set_within(stop, KEPT_EVERY_S)

    async def write(self) -> None:
        """Write what was counted; without a database it is lost, for matching must go on."""
        decided, arrived, lost = self._decided, self._arrived, self._lost
        self._decided, self._arrived, self._lost = {}, {}, 0
        if not (decided or arrived):
            return
        try:
            with translated():
                async with self._pool.acquire() as conn:
                    for some in _batches(_decided(decided)):
                        await add_decisions(conn, some)
                    for more in _batches(_arrived(arrived)):
                        await add_events(conn, more)
        except Unavailable as error:
            heed_cancellation()
            lost += sum(tally.count for tally in decided.values())
            log.warning("decision_counts_not_written", detail=error.message)
        if lost:
            log.warning("decisions_not_counted", decisions=lost)


def _decided(tallies: dict[tuple[date, int, Reason], _Tally]) -> Iterator[Decided]:
    for (day, number, reason), tally in tallies.items():
        yield Decided(
            environment_id=tally.environment_id,
            workflow_id=WorkflowId(UUID(int=number)),
            day=day,
            reason=reason.value,
            decisions=tally.count,
            event_key=tally.event_key,
            event_at=tally.event_at,
        )


def _arrived(counted: dict[tuple[date, int, str], int]) -> Iterator[Arrived]:
    for (day, number, name), count in counted.items():
        environment_id = EnvironmentId(UUID(int=number))
        yield Arrived(environment_id=environment_id, event_name=name, day=day, events=count)


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while some := list(islice(left, _ROWS_AT_ONCE)):
        yield some
