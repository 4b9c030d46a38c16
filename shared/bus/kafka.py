"""The bus over Apache Kafka."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as Place
from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.bus.kafka_batches import read_any_batch
from shared.bus.kafka_client import client_options, translated
from shared.bus.kafka_history import committed, extents, passages
from shared.bus.kafka_publisher import BATCH_BYTES, Publisher
from shared.bus.kafka_records import received
from shared.bus.kafka_subscription import KafkaSubscription
from shared.bus.placing import Placer, topics_of
from shared.bus.protocol import Assignee, Extent, Received, Record, Topic, TopicPartition
from shared.domain.errors import Rejected
from shared.runtime.settings import KafkaSettings

_ADMIN_S: Final = 15.0
_CHECK_S: Final = 5.0
_POLL_S: Final = 0.05
_FETCH_WAIT_MS: Final = 50
_LOOK_ROUND_MS: Final = 5_000
# A rebalance waits this long for members that still finish work on what they lose.
_REBALANCE_S: Final = 30.0
# Whoever keeps fetching nothing, because all is paused, is still a member; see ``fetch``.
_POLL_INTERVAL_S: Final = 86_400.0
_EXISTS: Final = kafka.TopicAlreadyExistsError.errno
_UNKNOWN: Final = kafka.UnknownTopicOrPartitionError.errno


class KafkaBus:
    """See ``protocol.Bus``. Made by ``open_kafka_bus``.

    A topic's partition count is asked once: where partitions are added while processes run, equal
    keys go to different ones until the last process has started anew.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        admin: AIOKafkaAdminClient,
        publisher: Publisher,
        *,
        delivery_s: float,
    ) -> None:
        self._settings = settings
        self._delivery_s = delivery_s
        self._in_turn = asyncio.Lock()
        self._admin = admin
        self._publisher = publisher
        self._placer = Placer(record_bytes_max=settings.record_bytes_max)
        self._partitions: dict[str, int] = {}

    async def ensure_topics(self, topics: Sequence[Topic]) -> None:
        counts = await self._counts([topic.name for topic in topics])
        missing = [topic for topic in topics if not counts[topic.name]]
        if not missing:
            return
        with translated("creating topics"):
            async with asyncio.timeout(_ADMIN_S):
                answer = await self._admin.create_topics(
                    [self._new_topic(topic) for topic in missing]
                )
                for error in answer.to_object()["topic_errors"]:
                    if error["error_code"] not in (0, _EXISTS):
                        raise kafka.for_code(error["error_code"])(error)
                # The controller knows them now; the brokers hear of it a moment later.
                for topic in missing:
                    while not (await self._counts([topic.name]))[topic.name]:  # noqa: ASYNC110 - Kafka sets no Event
                        await asyncio.sleep(_POLL_S)

    async def partitions(self, topic: str) -> int:
        count = self._partitions.get(topic) or (await self._counts([topic]))[topic]
        if not count:
            raise Rejected(f"There is no topic {topic!r}")
        self._partitions[topic] = count
        return count

    def spread(self, topic: str, *, over: int) -> None:
        self._partitions[topic] = over

    async def publish(self, records: Sequence[Record]) -> None:
        with translated("publishing"):
            async with asyncio.timeout(self._delivery_s):
                async with self._in_turn:  # calls queue in the order in which they began
                    counts = {topic: await self.partitions(topic) for topic in topics_of(records)}
                    placed = self._placer.place(records, counts)
                    delivery = await self._publisher.enqueue(placed)
                await delivery

    @asynccontextmanager
    async def subscribe(
        self,
        topics: Sequence[str],
        *,
        group: str,
        assignee: Assignee | None = None,
        member: str | None = None,
    ) -> AsyncIterator[KafkaSubscription]:
        for topic in topics:
            await self.partitions(topic)
        # What it may not even see a group is not told of: its members would wait without a word.
        await self._counts(topics)
        subscription = KafkaSubscription(
            self._consumer(group=group, member=member),
            assignee,
            check=partial(self._counts, topics),
            committed=partial(committed, self._admin, group=group),
            silence_s=self._settings.session_timeout_s,
        )
        try:
            await subscription.start(topics)
            yield subscription
        finally:
            await subscription.close()

    @asynccontextmanager
    async def tail(
        self, topics: Sequence[str], start: Mapping[TopicPartition, int] | None = None
    ) -> AsyncIterator[AsyncIterator[Received]]:
        async with self._apart() as consumer:
            with translated("following topics"):
                places = [Place(t, p) for t in topics for p in range(await self.partitions(t))]
                consumer.assign(places)
                ends = await consumer.end_offsets(places)
                for at, offset in (start or {}).items():
                    ends[Place(at.topic, at.partition)] = offset
                for place, offset in ends.items():
                    consumer.seek(place, offset)
            yield _each(consumer)

    async def extents(self, topic: str, since: datetime) -> Mapping[TopicPartition, Extent]:
        async with self._apart() as consumer:
            return await extents(consumer, await self._places(topic), since)

    async def committed(self, topic: str, group: str) -> Mapping[TopicPartition, int]:
        return await committed(self._admin, await self._places(topic), group)

    @asynccontextmanager
    async def history(
        self, ranges: Mapping[TopicPartition, range]
    ) -> AsyncIterator[AsyncIterator[Received]]:
        async with self._apart() as consumer:
            yield passages(consumer, ranges)

    @asynccontextmanager
    async def _apart(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A consumer outside any group."""
        consumer = self._consumer(group=None, member=None)
        try:
            with translated("following topics"):
                await consumer.start()
            # One that is stopped before its tasks have begun raises CancelledError.
            await asyncio.sleep(0)
            yield consumer
        finally:
            await consumer.stop()

    async def _places(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, p) for p in range(await self.partitions(topic))]

    async def check(self) -> None:
        with translated("answering"):
            async with asyncio.timeout(_CHECK_S):
                await self._admin.describe_topics([])

    async def _counts(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many partitions each topic has; 0 when it is not there.

        Raises Unavailable when one may not even be described.
        """
        with translated(f"describing {', '.join(topics)}"):
            async with asyncio.timeout(_ADMIN_S):
                found = await self._admin.describe_topics(list(topics))
            for about in found:
                if about["error_code"] not in (0, _UNKNOWN):
                    raise kafka.for_code(about["error_code"])(about["topic"])
        return {about["topic"]: len(about["partitions"]) for about in found}

    def _new_topic(self, topic: Topic) -> NewTopic:
        factor = self._settings.replication_factor
        return NewTopic(
            topic.name,
            topic.partitions,
            factor,
            # aiokafka lets -1, the broker's own factor, pass only beside an assignment.
            replica_assignments={} if factor == -1 else None,
            topic_configs={"max.message.bytes": str(self._settings.record_bytes_max)},
        )

    def _consumer(self, *, group: str | None, member: str | None) -> AIOKafkaConsumer:
        session_ms = int(self._settings.session_timeout_s * 1000)
        return AIOKafkaConsumer(
            **client_options(self._settings),
            group_id=group,
            group_instance_id=member,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=session_ms,
            # Members hear of a rebalance by heartbeat: the interval is what a join costs.
            heartbeat_interval_ms=min(session_ms // 3, 1000),
            rebalance_timeout_ms=max(session_ms, int(_REBALANCE_S * 1000)),
            max_poll_interval_ms=int(_POLL_INTERVAL_S * 1000),
            # While members are busy: see ``KafkaSubscription._pace``.
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            # Whatever concerns the fetcher wakes it; by itself it need not look.
            consumer_timeout_ms=_LOOK_ROUND_MS,
            max_partition_fetch_bytes=1_048_576,
            fetch_max_bytes=16_777_216,
        )


@asynccontextmanager
async def open_kafka_bus(
    settings: KafkaSettings, *, delivery_s: float = 30.0
) -> AsyncIterator[KafkaBus]:
    """Connect; a publish that is not durable after ``delivery_s`` raises Unavailable.

    Raises Unavailable when Kafka does not answer.
    """
    options = client_options(settings)
    read_any_batch()

    def make_producer() -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **options,
            enable_idempotence=True,
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=settings.record_bytes_max,
        )

    admin = AIOKafkaAdminClient(**options, request_timeout_ms=int(_ADMIN_S * 1000))
    publisher = Publisher(make_producer)
    try:
        with translated("connecting"):
            await admin.start()
        yield KafkaBus(settings, admin, publisher, delivery_s=delivery_s)
    finally:
        await publisher.close()
        await admin.close()


async def _each(consumer: AIOKafkaConsumer) -> AsyncIterator[Received]:
    while True:
        with translated("following topics"):
            batches = await consumer.getmany(timeout_ms=1000)
        for records in batches.values():
            for record in received(records):
                yield record
