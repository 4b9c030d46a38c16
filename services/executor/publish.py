"""Publishing what is durable: step results, the lifecycle of executions, and what follows of them.

The log is the outbox. Entries are published in the order of their partition straight from memory
after their commit, and ``emitted_seq`` moves behind them; after a restart the entries above the
cursor are read from the database and published again, with the same ids and the same bytes.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice

from services.executor.consequences import consequences
from services.executor.metrics import ExecutorMetrics
from services.executor.runs import Owned
from shared.bus.protocol import Bus, Record, TooLarge, Topic
from shared.db.group import Written
from shared.db.recovery import Unpublished
from shared.domain.errors import Rejected, Unavailable
from shared.domain.executions import Entry
from shared.wire.envelope import HEADERS
from shared.wire.results import Origin, encode_phases, encode_result, environment_in, truncated
from shared.wire.topics import Topics

RECORDS_MAX = 2_000
BACKLOG_MAX = 20_000


class Publisher:
    """One queue of log entries, in the order of their commits."""

    def __init__(self, bus: Bus, topics: Topics, *, metrics: ExecutorMetrics) -> None:
        self._bus = bus
        self._topics = topics
        self._step_results, self._executions = topics.step_results, topics.executions
        self._metrics = metrics
        self._queue: deque[tuple[Owned, Written]] = deque()
        self._wake = asyncio.Event()
        self._drained = asyncio.Condition()

    def publish(self, written: Sequence[tuple[Owned, Written]]) -> None:
        """Queue durable entries; never blocks. Writers wait in ``room`` instead."""
        if written:
            self._queue.extend(written)
            self._wake.set()

    async def room(self) -> None:
        """Return when the backlog is small enough for another commit."""
        await self._until(lambda: len(self._queue) < BACKLOG_MAX)

    async def drained(self, owned: Owned) -> None:
        """Return when every queued entry of the partition is published."""
        await self._until(lambda: all(o is not owned for o, _ in self._queue))

    async def _until(self, reached: Callable[[], bool]) -> None:
        if not reached():
            async with self._drained:
                await self._drained.wait_for(reached)

    async def republish(self, entries: Sequence[Unpublished]) -> None:
        """Publish entries that may have been published before."""
        await self._send([r for e in entries for r in self._records(e.origin, e.entry, e.at)])
        self._metrics.republished.add_each(e.origin.environment for e in entries)

    async def run(self) -> None:
        """Publish what is queued, until cancelled. Raises Unavailable."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._publish_some()

    async def _publish_some(self) -> None:
        batch = list(islice(self._queue, RECORDS_MAX))
        await self._send([r for _, w in batch for r in self._records(w.origin, w.entry, w.at)])
        for owned, written in batch:
            owned.emitted_seq = written.seq
            self._queue.popleft()
        self._metrics.published.add_each(w.origin.environment for _, w in batch)
        async with self._drained:
            self._drained.notify_all()

    async def _send(self, records: Sequence[Record]) -> None:
        try:
            await self._bus.publish(records)
        except TooLarge:
            await self._send_in_parts(records)
        except Rejected:
            # The first task of an action that was registered elsewhere may have no topic yet.
            tasks = {r.topic for r in records if r.topic.startswith(self._topics.tasks(""))}
            if not tasks:
                raise
            partitions = await self._bus.partitions(self._topics.commands)
            await self._bus.ensure_topics([Topic(name=t, partitions=partitions) for t in tasks])
            await self._bus.publish(records)

    async def _send_in_parts(self, records: Sequence[Record]) -> None:
        """Find what is too large among ``records``: the others are not to wait behind it."""
        if len(records) > 1:
            middle = len(records) // 2
            await self._send(records[:middle])
            await self._send(records[middle:])
            return
        [record] = records
        value = record.value or b""
        if record.topic == self._topics.step_results:  # of others the readers need everything
            with suppress(TooLarge):
                await self._bus.publish([record._replace(value=truncated(value))])
                self._metrics.truncated.add(environment_in(value))
                return
        raise Unavailable(
            f"The topic '{record.topic}' takes no record of {len(value)} bytes: raise its"
            " max.message.bytes."
        )

    def _records(self, origin: Origin, entry: Entry, at: datetime) -> list[Record]:
        key, found = origin.subject.encode(), []
        if (result := encode_result(origin, entry)) is not None:
            found.append(Record(self._step_results, key, result, HEADERS))
        phases = encode_phases(origin, entry, at)
        found += [Record(self._executions, key, phase, HEADERS) for phase in phases]
        found += consequences(origin, entry, at, self._topics)
        return found
