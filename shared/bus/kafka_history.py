"""What Kafka's partitions hold, read outside any group."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Place
from aiokafka.admin import AIOKafkaAdminClient

from shared.bus.kafka_client import translated
from shared.bus.kafka_records import received
from shared.bus.protocol import Extent, Received, TopicPartition
from shared.domain.errors import Unavailable

_CALL_S: Final = 30.0
_RECORDS_MAX: Final = 1_000
_WAIT_S: Final = 0.5


async def extents(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], since: datetime
) -> Mapping[TopicPartition, Extent]:
    """See ``protocol.Bus.extents``."""
    ours = [Place(at.topic, at.partition) for at in places]
    since_ms = int(since.timestamp() * 1000)
    with translated("asking for offsets"):
        async with asyncio.timeout(_CALL_S):
            nexts = await consumer.end_offsets(ours)
            sinces = await consumer.offsets_for_times(dict.fromkeys(ours, since_ms))
            firsts = await consumer.beginning_offsets(ours)
    found: dict[TopicPartition, Extent] = {}
    for at, place in zip(places, ours, strict=True):
        first, later = min(firsts[place], nexts[place]), sinces[place]
        start = nexts[place] if later is None else min(later.offset, nexts[place])
        found[at] = Extent(first=first, since=max(first, start), next=nexts[place])
    return found


async def committed(
    admin: AIOKafkaAdminClient, places: Sequence[TopicPartition], group: str
) -> Mapping[TopicPartition, int]:
    """See ``protocol.Bus.committed``."""
    ours = {Place(at.topic, at.partition): at for at in places}
    with translated("asking for positions"):
        async with asyncio.timeout(_CALL_S):
            told = await admin.list_consumer_group_offsets(group, partitions=list(ours))
    return {ours[place]: about.offset for place, about in told.items() if about.offset >= 0}


async def passages(
    consumer: AIOKafkaConsumer, ranges: Mapping[TopicPartition, range]
) -> AsyncIterator[Received]:
    """See ``protocol.Bus.history``; a partition is left as soon as its range is read."""
    left = {Place(at.topic, at.partition): r.stop for at, r in ranges.items() if r}
    consumer.assign(list(left))
    for at, wanted in ranges.items():
        if wanted:
            consumer.seek(Place(at.topic, at.partition), wanted.start)
    silent_s = 0.0
    while left:
        if silent_s > _CALL_S:
            raise Unavailable(f"Kafka gave nothing of {sorted(left)} for {_CALL_S:g} s")
        with translated("reading"):
            batches = await consumer.getmany(
                *left, timeout_ms=int(_WAIT_S * 1000), max_records=_RECORDS_MAX
            )
            # Past its last records a partition may hold marks that are never handed out.
            at_ends = [p for p, stop in left.items() if await consumer.position(p) >= stop]
        for place, records in batches.items():
            for record in received(records):
                if record.offset < left[place]:
                    yield record
        silent_s = 0.0 if batches or at_ends else silent_s + _WAIT_S
        for place in at_ends:
            del left[place]
