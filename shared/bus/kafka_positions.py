"""Where a member of a Kafka group stands, and what was gone before it was read.

Once a position is not there any more, since the topic's retention has deleted it or the topic was
made anew, aiokafka goes on from the oldest record without a word that we hear. So the first records
of each fetch are held against those before them. Most gaps are none: transactions leave marks in a
topic that nobody is handed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Place

from shared.bus.kafka_client import translated
from shared.bus.protocol import Received, TopicPartition

_CALL_S: Final = 30.0

_log: Final = structlog.get_logger(__name__)

Committed = Callable[[Sequence[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]]
"""The positions that the group has of partitions; none where it has never committed one."""


class Positions:
    """The next offset of each partition, from one rebalance to the next; None: nobody knows."""

    def __init__(self, consumer: AIOKafkaConsumer, committed: Committed) -> None:
        self._consumer = consumer
        self._committed = committed
        self._next: dict[TopicPartition, int | None] = {}

    def begin(self, named: Mapping[TopicPartition, int]) -> None:
        """Begin anew: the group knows where, but for the partitions that are named."""
        self._next = dict(named)

    async def look_at(self, found: Mapping[TopicPartition, Sequence[Received]]) -> bool:
        """Tell of what is missing before these records, and take them as read.

        False: partitions have changed hands meanwhile, so nobody is to be given these records: they
        are read again by whoever has them now. Raises Unavailable.
        """
        known = self._next
        first = {at: records[0].offset for at, records in found.items()}
        if unknown := [at for at in first if at not in known]:
            committed = await self._committed(unknown)
            known |= {at: committed.get(at) for at in unknown}
        jumps = {at: p for at, n in first.items() if (p := known[at]) is not None and p != n}
        if jumps:
            oldest = await self._oldest(jumps)
            for at, position in jumps.items():
                if position < oldest[at] or position > first[at]:
                    _log.warning(
                        "position_out_of_range", partition=at, position=position, next=first[at]
                    )
        for at, records in found.items():
            known[at] = records[-1].offset + 1
        return known is self._next

    async def _oldest(self, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        ours = {Place(at.topic, at.partition): at for at in places}
        with translated("asking for the oldest records"):
            async with asyncio.timeout(_CALL_S):
                begins = await self._consumer.beginning_offsets(list(ours))
        return {ours[place]: offset for place, offset in begins.items()}
