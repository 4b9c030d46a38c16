"""Publishing to Kafka in batches that we build ourselves: 12 times cheaper than ``send``.

Three facts of aiokafka shape this file. ``send_batch`` alone keeps no order between concurrent
callers, so each partition has a lane, and a lane has one batch under way at a time. A batch that
fails for good leaves a gap in the idempotent producer's sequence numbers, after which the
partition refuses everything; so the producer is replaced. And while the broker is away a batch is
retried without end, so the waiting has a limit of our own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka

from shared.bus.protocol import Record, TopicPartition

BATCH_BYTES: Final = 500_000
_CLOSE_S: Final = 10.0


class Publisher:
    """Publishes placed records; replaces its producer after an error. Opens when first used."""

    def __init__(self, make: Callable[[], AIOKafkaProducer]) -> None:
        self._make = make
        self._session: _Session | None = None

    async def enqueue(
        self, placed: Mapping[TopicPartition, Sequence[Record]]
    ) -> Coroutine[None, None, None]:
        """Put the records behind those of earlier calls; one call at a time, please.

        The coroutine returned must be awaited: it sees the records through until they are durable,
        and raises Kafka's error if they are not. Records of waiting calls share batches.
        """
        if self._session is None or self._session.broken:
            await self.close()
            producer = self._make()
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._session = _Session(producer)
        return self._session.enqueue(placed)

    async def close(self) -> None:
        """Stop the producer; what is under way gets 10 s."""
        session, self._session = self._session, None
        if session:
            await session.stop()


class _Call:
    """The records of one publish call for one partition; the first ``sent`` are under way."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self.sent = 0
        self.error: Exception | None = None
        self.done = False


class _Lane:
    """One partition's queue. Whoever holds the lock drives it, for all who wait."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.calls: deque[_Call] = deque()
        # The batch under way and whose records it holds; outlives a driver that gave up.
        self.flight: tuple[asyncio.Future[object], Sequence[_Call]] | None = None

    def settle(self, calls: Sequence[_Call], error: Exception | None) -> None:
        """End ``calls`` as ``error`` says, except those that gave up before."""
        for call in calls:
            if not call.done:
                call.error, call.done = error, True
                self.calls.remove(call)


class _Session:
    """One producer's life."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.broken = False
        self._producer = producer
        self._lanes: dict[TopicPartition, _Lane] = {}

    def enqueue(
        self, placed: Mapping[TopicPartition, Sequence[Record]]
    ) -> Coroutine[None, None, None]:
        """Queue each partition's records; the coroutine delivers them, side by side."""
        calls = {place: _Call(records) for place, records in placed.items()}
        for place, call in calls.items():
            self._lanes.setdefault(place, _Lane()).calls.append(call)
        return self._deliver_all(calls)

    async def stop(self) -> None:
        """Flush and close, within 10 s."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._producer.stop()
        except (TimeoutError, kafka.KafkaError):
            # What was not acknowledged was never called durable.
            await self._producer.client.close()

    async def _deliver_all(self, calls: Mapping[TopicPartition, _Call]) -> None:
        if len(calls) == 1:
            [(place, call)] = calls.items()
            await self._deliver(place, call)
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                for place, call in calls.items():
                    tasks.create_task(self._deliver(place, call))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _deliver(self, place: TopicPartition, call: _Call) -> None:
        lane = self._lanes[place]
        try:
            async with lane.lock:
                while not call.done:
                    await self._advance(place, lane)
        finally:
            if not call.done:
                call.done = True
                lane.calls.remove(call)
        if call.error:
            raise call.error

    async def _advance(self, place: TopicPartition, lane: _Lane) -> None:
        """See one batch through: the one under way, else the next."""
        calls = lane.flight[1] if lane.flight else ()
        try:
            if lane.flight is None:
                batch, counts = self._next_batch(lane)
                calls = tuple(counts)
                sent = await self._producer.send_batch(
                    batch, place.topic, partition=place.partition
                )
                # Only now: a driver that gives up before has sent nothing.
                for call, count in counts.items():
                    call.sent += count
                lane.flight = sent, calls
            await asyncio.shield(lane.flight[0])
        except (kafka.KafkaError, RuntimeError) as error:  # the latter from uvloop: ``translated``
            self.broken = True
            lane.settle(calls, error)
        else:
            lane.settle([call for call in calls if call.sent == len(call.records)], None)
        lane.flight = None

    def _next_batch(self, lane: _Lane) -> tuple[Any, Mapping[_Call, int]]:
        """As much of the queue as one batch takes, and how many records of each call."""
        batch = self._producer.create_batch()
        counts: dict[_Call, int] = {}
        for call in lane.calls:
            counts[call] = 0
            for record in call.records[call.sent :] if call.sent else call.records:
                headers = list(record.headers)  # aiokafka takes no tuple
                if not batch.append(
                    key=record.key, value=record.value, headers=headers, timestamp=None
                ):
                    return batch, counts
                counts[call] += 1
        return batch, counts
