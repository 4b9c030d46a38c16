"""The bus in Postgres: the same semantics as Kafka's, for those who have no Kafka.

Concurrent publishes share a transaction; in one process readers wake at once, across processes
within milliseconds by LISTEN/NOTIFY, and with the next touch of their seats if that was lost.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

import structlog

from shared.bus.beside import beside, set_within
from shared.bus.local_bell import Bell
from shared.bus.local_group import Seat, touched
from shared.bus.local_store import Pool, Store, StoredTopic, translated
from shared.bus.local_subscription import LocalSubscription
from shared.bus.placing import Placer, topics_of
from shared.bus.protocol import Assignee, Extent, Received, Record, Topic, TopicPartition
from shared.domain.errors import Rejected, Unavailable
from shared.runtime.clock import Clock
from shared.runtime.roles import heed_cancellation

_PUBLISH_S: Final = 30.0
_CHECK_S: Final = 5.0
_TAIL_RECORDS: Final = 500
_TAIL_S: Final = 2.0
_RETRY_S: Final = 0.5
_CALLS_MAX: Final = 1000

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """One publish call, waiting for its transaction."""

    placed: Mapping[TopicPartition, Sequence[Record]]
    done: asyncio.Future[None]


class LocalBus:
    """See ``protocol.Bus``. Made by ``open_local_bus``."""

    def __init__(
        self, pool: Pool, clock: Clock, *, record_bytes_max: int, session_timeout_s: float
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._ttl_s = session_timeout_s
        self._store = Store(pool)
        self.bell = Bell(pool)
        self._placer = Placer(record_bytes_max=record_bytes_max)
        self._in_turn = asyncio.Lock()
        self._calls: asyncio.Queue[_Call] = asyncio.Queue(_CALLS_MAX)
        self._seated: dict[Seat, LocalSubscription] = {}

    async def ensure_topics(self, topics: Sequence[Topic]) -> None:
        for topic in topics:
            await self._store.add_topic(topic.name, topic.partitions)

    async def partitions(self, topic: str) -> int:
        return (await self._topic(topic)).partitions

    def spread(self, topic: str, *, over: int) -> None:
        """Nothing to do: partitions are never added here."""

    async def publish(self, records: Sequence[Record]) -> None:
        try:
            async with asyncio.timeout(_PUBLISH_S):
                async with self._in_turn:  # calls queue in the order in which they began
                    counts = {topic: await self.partitions(topic) for topic in topics_of(records)}
                    placed = self._placer.place(records, counts)
                    call = _Call(placed, asyncio.get_running_loop().create_future())
                    await self._calls.put(call)
                await call.done
        except TimeoutError:
            raise Unavailable(f"Publishing took longer than {_PUBLISH_S} s") from None

    @asynccontextmanager
    async def subscribe(
        self,
        topics: Sequence[str],
        *,
        group: str,
        assignee: Assignee | None = None,
        member: str | None = None,
    ) -> AsyncIterator[LocalSubscription]:
        stored = [await self._topic(topic) for topic in topics]
        name = member or uuid4().hex
        seat = Seat(self._store, stored, group=group, member=name, ttl_s=self._ttl_s)
        bell = f"group:{group}"
        with self.bell.heard(topics) as news, self.bell.heard([bell]) as regrouped:
            subscription = LocalSubscription(
                self._store,
                seat,
                assignee,
                on_release=lambda: self.bell.ring([bell]),
                news=news,
                regrouped=regrouped,
                ttl_s=self._ttl_s,
            )
            await seat.join()
            self.bell.ring([bell])
            with self._keeping(seat, subscription):
                async with beside(subscription.follow()):
                    try:
                        yield subscription
                    finally:
                        await subscription.finish()
                if member is None:
                    await seat.leave()
                    self.bell.ring([bell])

    @contextmanager
    def _keeping(self, seat: Seat, subscription: LocalSubscription) -> Iterator[None]:
        self._seated[seat] = subscription
        try:
            yield
        finally:
            del self._seated[seat]

    async def keep_seats(self) -> None:
        """Touch all seats twice in their life, for ever; apart from callbacks that take long.

        Who touches a seat sees what has changed: nobody needs to ask for that besides.
        """
        while True:
            pause_s = self._ttl_s / 2
            if self._seated:
                try:
                    await self._touch()
                except Unavailable as error:
                    heed_cancellation()
                    _log.warning("seats_not_touched", reason=str(error))
                    pause_s = min(pause_s, _RETRY_S)
            await asyncio.sleep(pause_s)

    async def _touch(self) -> None:
        began = time.monotonic()
        seated = [(seat.row, subscription) for seat, subscription in self._seated.items()]
        found = await touched(self._store, [row for row, _ in seated], ttl_s=self._ttl_s)
        for (*_, session), subscription in seated:
            subscription.kept(began, found.get(session))

    @asynccontextmanager
    async def tail(
        self, topics: Sequence[str], start: Mapping[TopicPartition, int] | None = None
    ) -> AsyncIterator[AsyncIterator[Received]]:
        places = [
            TopicPartition(topic, n)
            for topic in topics
            for n in range(await self.partitions(topic))
        ]
        with self.bell.heard(topics) as news:
            yield self._each({**await self._store.heads(places), **(start or {})}, news)

    async def extents(self, topic: str, since: datetime) -> Mapping[TopicPartition, Extent]:
        return await self._store.extents(await self._topic(topic), since)

    async def committed(self, topic: str, group: str) -> Mapping[TopicPartition, int]:
        return await self._store.committed(await self._topic(topic), group)

    @asynccontextmanager
    async def history(
        self, ranges: Mapping[TopicPartition, range]
    ) -> AsyncIterator[AsyncIterator[Received]]:
        for at in ranges:
            await self._topic(at.topic)
        yield self._passages(ranges)

    async def _passages(self, ranges: Mapping[TopicPartition, range]) -> AsyncIterator[Received]:
        for at, wanted in ranges.items():
            start = wanted.start
            while start < wanted.stop:
                records = (await self._store.read({at: start}, _TAIL_RECORDS)).get(at, ())
                for record in records:
                    if record.offset < wanted.stop:
                        yield record
                start = records[-1].offset + 1 if records else wanted.stop

    async def check(self) -> None:
        with translated():
            async with asyncio.timeout(_CHECK_S):
                await self._pool.execute("SELECT 1")

    async def trim(self, *, before: datetime, records_max: int) -> int:
        """Delete records published before ``before`` that every group has committed past.

        At most ``records_max``, so call again while it returns as many as that.
        """
        return await self._store.trim(before, records_max)

    async def write(self) -> None:
        """Carry out publish calls, for ever; those that wait together share a transaction."""
        while True:
            calls = [await self._calls.get()]
            while len(calls) < _CALLS_MAX and not self._calls.empty():
                calls.append(self._calls.get_nowait())
            calls = [call for call in calls if not call.done.done()]
            try:
                await self._write(calls)
            except Exception as error:  # noqa: BLE001 - whatever it is, the callers raise it
                _settle(calls, error)
            else:
                _settle(calls, None)

    async def _write(self, calls: Sequence[_Call]) -> None:
        placed = [at_records for call in calls for at_records in call.placed.items()]
        if not placed:
            return
        await self._store.append(placed, self._clock.now())
        self.bell.ring({at.topic for at, _ in placed})

    async def _topic(self, name: str) -> StoredTopic:
        topic = await self._store.topic(name)
        if topic is None:
            raise Rejected(f"There is no topic {name!r}")
        return topic

    async def _each(
        self, positions: dict[TopicPartition, int], news: asyncio.Event
    ) -> AsyncIterator[Received]:
        while True:
            news.clear()
            found = await self._store.read(positions, _TAIL_RECORDS)
            for at, records in found.items():
                positions.pop(at)
                positions[at] = records[-1].offset + 1
                for record in records:
                    yield record
            if not found:
                await set_within(news, _TAIL_S)


def _settle(calls: Sequence[_Call], error: Exception | None) -> None:
    for call in calls:
        if call.done.done():  # its caller gave up
            continue
        if error:
            call.done.set_exception(error)
        else:
            call.done.set_result(None)


@asynccontextmanager
async def open_local_bus(
    pool: Pool,
    clock: Clock,
    *,
    record_bytes_max: int = 1_100_000,
    session_timeout_s: float = 6.0,
) -> AsyncIterator[LocalBus]:
    """A bus over ``pool``, one of whose connections it keeps to listen on.

    A member that does not touch its seat for ``session_timeout_s`` loses its partitions.
    """
    bus = LocalBus(
        pool, clock, record_bytes_max=record_bytes_max, session_timeout_s=session_timeout_s
    )
    async with (
        beside(bus.write()),
        beside(bus.keep_seats()),
        beside(bus.bell.tell()),
        beside(bus.bell.listen()),
    ):
        yield bus
