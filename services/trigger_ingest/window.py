"""How many events may be on their way to the executors.

The topics between the roles are first in, first out, for all environments: behind a long queue
there everybody waits for whoever filled it. So no more is taken from the source topics than the
executors keep up with, and what has to wait does so where it came from, each topic by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from services.trigger_ingest.metrics import IngestMetrics
from shared.assembly.platform import Platform
from shared.bus.protocol import Received, Subscription, TopicPartition
from shared.db.conservation import list_cursors
from shared.db.pool import translated
from shared.runtime.clock import Clock
from shared.runtime.roles import duty

STANDSTILL_S: Final = 2.0
"""After that some go on in any case, and show whether anybody takes them."""

_LOOK_S: Final = 0.02
_LEAST_SHARE: Final = 4

OnTheirWay = Callable[[], Awaitable[int]]
"""Counts the events that were passed on and are not taken in yet."""


class Windowed:
    """A subscription that hands out records while few enough are on their way.

    They are counted beside, once half of the room was handed out: nothing waits for that while
    little is to be done. ``keep`` is to run as long as it is used.
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
        self._wanted, self._counted = asyncio.Event(), asyncio.Event()
        self._handed_at_s = clock.monotonic()
        self._handed: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._taken = 0
        self.pause = subscription.pause
        self.resume = subscription.resume
        self.assignment = subscription.assignment
        self.lag = subscription.lag
        self.ends = subscription.ends

    async def keep(self) -> None:
        """Count whenever that is wanted, until cancelled. Raises Unavailable."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await duty(self._count())
            if self._room < self._least:
                await self._clock.sleep(_LOOK_S)

    async def _count(self) -> None:
        taken = self._taken
        here = sum(max(0, to - self._committed[at]) for at, to in self._handed.items())
        room = self._most - here - await self._on_their_way()
        self._room = room - (self._taken - taken)
        self._counted.set()

    async def fetch(
        self, *, max_records: int, wait_s: float
    ) -> Mapping[TopicPartition, Sequence[Received]]:
        """See ``Subscription``; empty as well when there was no room within ``wait_s``."""
        if not await self._has_room(wait_s):
            return {}
        found = await self._subscription.fetch(
            max_records=min(max_records, self._room), wait_s=wait_s
        )
        for at, records in found.items():
            if records[0].offset != self._handed.get(at):  # new, or new again
                self._committed[at] = records[0].offset
            self._handed[at] = records[-1].offset + 1
            self._room -= len(records)
            self._taken += len(records)
            self._handed_at_s = self._clock.monotonic()
        if self._room <= self._most // 2:
            self._wanted.set()
        return found

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """See ``Subscription``; what is not committed yet counts as on its way."""
        await self._subscription.commit(positions)
        self._committed |= positions

    async def _has_room(self, wait_s: float) -> bool:
        """Wait for it, but no longer than ``wait_s``."""
        began_s = self._clock.monotonic()
        while self._room < self._least:
            now_s = self._clock.monotonic()
            if now_s - self._handed_at_s >= STANDSTILL_S:
                self._room = self._least
            elif (left_s := began_s + wait_s - now_s) <= 0:
                return False
            else:
                self._counted.clear()
                self._wanted.set()
                await self._clock.wait(self._counted, min(left_s, STANDSTILL_S))
                self._metrics.waited_s.inc(self._clock.monotonic() - now_s)
        return True


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
