"""How many events may be on their way to the executors.

The topics between the roles are first in, first out, for all environments: behind a long queue
there everybody waits for whoever filled it. So no more is taken from the source topics than the
executors keep up with, and what has to wait does so where it came from, each topic by itself.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from services.trigger_ingest.metrics import IngestMetrics
from shared.assembly.platform import Platform
from shared.bus.protocol import Received, Subscription, TopicPartition
from shared.db.conservation import list_cursors
from shared.db.pool import translated
from shared.runtime.clock import Clock

STANDSTILL_S: Final = 2.0
"""After that some go on in any case, and show whether anybody takes them."""

_LOOK_S: Final = 0.02
_LEAST_SHARE: Final = 4

OnTheirWay = Callable[[], Awaitable[int]]
"""Counts the events that were passed on and are not taken in yet."""


class Windowed:
    """A subscription that hands out records while few enough are on their way.

    It looks when it may have handed out too many, hence seldom while there is little to do.
    """

    def __init__(
        self,
        subscription: Subscription,
        on_their_way: OnTheirWay,
        *,
        most: int,
        metrics: IngestMetrics,
        clock: Clock,
    ) -> None:
        self._subscription = subscription
        self._on_their_way = on_their_way
        self._most = most
        # Fewer than this at a time are not worth a commit.
        self._least = max(1, most // _LEAST_SHARE)
        self._metrics = metrics
        self._clock = clock
        self._room = most
        self._handed_at_s = clock.monotonic()
        self._handed: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self.pause = subscription.pause
        self.resume = subscription.resume
        self.assignment = subscription.assignment
        self.lag = subscription.lag
        self.ends = subscription.ends

    async def fetch(
        self, *, max_records: int, wait_s: float
    ) -> Mapping[TopicPartition, Sequence[Received]]:
        """See ``Subscription``; empty as well when there was no room within ``wait_s``."""
        deadline_s = self._clock.monotonic() + wait_s
        while not await self._has_room():
            if self._clock.monotonic() >= deadline_s:
                return {}
            await self._clock.sleep(_LOOK_S)
            self._metrics.waited_s.inc(_LOOK_S)
        found = await self._subscription.fetch(
            max_records=min(max_records, self._room), wait_s=wait_s
        )
        for at, records in found.items():
            if records[0].offset != self._handed.get(at):  # new, or new again
                self._committed[at] = records[0].offset
            self._handed[at] = records[-1].offset + 1
            self._room -= len(records)
            self._handed_at_s = self._clock.monotonic()
        return found

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """See ``Subscription``; what is not committed yet counts as on its way."""
        await self._subscription.commit(positions)
        self._committed |= positions

    async def _has_room(self) -> bool:
        if self._room < self._least:
            here = sum(max(0, to - self._committed[at]) for at, to in self._handed.items())
            self._room = self._most - here - await self._on_their_way()
        if self._room < self._least:
            stood_s = self._clock.monotonic() - self._handed_at_s
            self._room = self._least if stood_s >= STANDSTILL_S else 0
        return self._room >= self._least


async def counting(platform: Platform, subscription: Subscription) -> OnTheirWay:
    """Counts the events that no matcher has read, and the commands that no executor has."""
    bus, topics = platform.bus, platform.topics
    triggers, commands = [
        [TopicPartition(topic, n) for n in range(await bus.partitions(topic))]
        for topic in (topics.triggers, topics.commands)
    ]

    async def on_their_way() -> int:
        done = dict(await bus.committed(topics.triggers, topics.group("matcher")))
        with translated():
            async with platform.pool.acquire() as conn:
                cursors = await list_cursors(conn)
        done |= {
            at: cursors[at.partition].consumed_offset for at in commands if at.partition in cursors
        }
        ends = await subscription.ends([*triggers, *commands])
        return sum(max(0, end - done.get(at, 0)) for at, end in ends.items())

    return on_their_way
