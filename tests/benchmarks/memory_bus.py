"""A bus that lives in the benchmark: commands come from memory, what is published is counted.

It closes a loop of ``width`` clients. Each starts an execution and, when the record of its end has
been published, the next one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from shared.bus.beside import set_within
from shared.bus.protocol import (
    Assignee,
    Extent,
    Received,
    Record,
    Subscription,
    Topic,
    TopicPartition,
)
from shared.wire.topics import Topics

Start = Callable[[], tuple[bytes, bytes]]
"""Makes a new execution: the key and the value of its command."""

_END: Final = b'"phase":"completed"'


class MemoryBus:
    """See ``shared.bus.protocol.Bus``; ``partitions`` are those that this process owns."""

    def __init__(
        self, topics: Topics, *, partitions: Sequence[int], width: int, start: Start
    ) -> None:
        self.ended = 0
        self.steps = 0
        self._topics = topics
        self._owned = [TopicPartition(topics.commands, p) for p in partitions]
        self._start = start
        self._free = width
        self._width = width
        self._news = asyncio.Event()
        self._is_closed = False

    async def finish(self) -> None:
        """Start no more; return when all that were started have ended."""
        self._is_closed = True
        while self._free < self._width:
            self._news.clear()
            await self._news.wait()

    async def ensure_topics(self, topics: Sequence[Topic]) -> None:
        """Every topic is there."""

    async def partitions(self, topic: str) -> int:  # noqa: ARG002 - the protocol's signature
        return max(place.partition for place in self._owned) + 1

    def spread(self, topic: str, *, over: int) -> None:
        """Nothing to do: partitions are never added here."""

    async def publish(self, records: Sequence[Record]) -> None:
        """Count what is published, and let a client go on for each execution that has ended."""
        results, executions = self._topics.step_results, self._topics.executions
        ended = 0
        for record in records:
            if record.topic == results:
                self.steps += 1
            elif record.topic == executions and _END in (record.value or b""):
                ended += 1
        if ended:
            self.ended += ended
            self._free += ended
            self._news.set()

    def subscribe(
        self,
        topics: Sequence[str],
        *,
        group: str,  # noqa: ARG002 - one reader
        assignee: Assignee | None = None,
        member: str | None = None,  # noqa: ARG002
    ) -> AbstractAsyncContextManager[Subscription]:
        places = self._owned if self._topics.commands in topics else []
        return _subscribed(self, places, assignee)

    def tail(
        self, topics: Sequence[str], start: Mapping[TopicPartition, int] | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Received]]:
        raise NotImplementedError(f"Nothing keeps {topics} from {start} on.")

    async def extents(self, topic: str, since: datetime) -> Mapping[TopicPartition, Extent]:
        raise NotImplementedError(f"Nothing keeps {topic} since {since}.")

    async def committed(self, topic: str, group: str) -> Mapping[TopicPartition, int]:
        raise NotImplementedError(f"Nothing keeps where {group} is in {topic}.")

    def history(
        self, ranges: Mapping[TopicPartition, range]
    ) -> AbstractAsyncContextManager[AsyncIterator[Received]]:
        raise NotImplementedError(f"Nothing keeps {ranges}.")

    async def check(self) -> None:
        """Memory answers."""

    async def take(self, count_max: int, wait_s: float) -> Sequence[tuple[bytes, bytes]]:
        """New executions for the clients that are free, at most ``count_max``."""
        if not self._free or self._is_closed:
            self._news.clear()
            await set_within(self._news, wait_s)
        count = 0 if self._is_closed else min(count_max, self._free)
        self._free -= count
        return [self._start() for _ in range(count)]


class _Commands:
    """See ``shared.bus.protocol.Subscription``; without ``places`` nothing ever comes."""

    def __init__(self, bus: MemoryBus, positions: dict[TopicPartition, int]) -> None:
        self._bus = bus
        self._positions = positions
        self._paused: set[TopicPartition] = set()

    async def fetch(
        self, *, max_records: int, wait_s: float
    ) -> Mapping[TopicPartition, Sequence[Received]]:
        places = [place for place in self._positions if place not in self._paused]
        if not places:
            await asyncio.sleep(wait_s)
            return {}
        taken = await self._bus.take(max_records, wait_s)
        shares = {place: taken[n :: len(places)] for n, place in enumerate(places)}
        return {place: self._received(place, share) for place, share in shares.items() if share}

    def _received(
        self, place: TopicPartition, taken: Sequence[tuple[bytes, bytes]]
    ) -> Sequence[Received]:
        first, now = self._positions[place], datetime.now(UTC)
        self._positions[place] = first + len(taken)
        return [
            Received(place.topic, place.partition, offset, key, value, (), now)
            for offset, (key, value) in enumerate(taken, start=first)
        ]

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """The executor keeps its own."""

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused.update(partitions)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused.difference_update(partitions)

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._positions)

    async def lag(self) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(self._positions, 0)

    async def ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        raise NotImplementedError(f"Nothing keeps {partitions}.")


@asynccontextmanager
async def _subscribed(
    bus: MemoryBus, places: Sequence[TopicPartition], assignee: Assignee | None
) -> AsyncIterator[Subscription]:
    named = await assignee.assigned(places) if assignee else {}
    yield _Commands(bus, {place: named.get(place, 0) for place in places})
    if assignee:
        await assignee.revoked(places)
