"""Watching result topics from outside: how far they have come, and what appears on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.benchmarks.ground import PARTITIONS, Place
from tests.benchmarks.processes import Running

PHASES: Final = 3  # created, started, completed
_POLL_S: Final = 0.02
_WITHIN_S: Final = 300.0


class Results:
    """The ends of the result topics; made by ``open_results``."""

    def __init__(self, consumer: AIOKafkaConsumer, place: Place, steps_each: int) -> None:
        self._consumer = consumer
        self._steps_each = steps_each
        topics = place.topics
        self._steps = [TopicPartition(topics.step_results, p) for p in range(PARTITIONS)]
        self._phases = [TopicPartition(topics.executions, p) for p in range(PARTITIONS)]

    async def published(self) -> tuple[int, int]:
        """How many records of steps, and of phases."""
        ends = await self._consumer.end_offsets([*self._steps, *self._phases])
        return sum(ends[p] for p in self._steps), sum(ends[p] for p in self._phases)

    async def reach(self, executions: int, watched: Running) -> None:
        """Return when that many executions are published in full; 300 s at most."""
        async with asyncio.timeout(_WITHIN_S):
            while True:
                steps, phases = await self.published()
                if steps >= executions * self._steps_each and phases >= executions * PHASES:
                    return
                watched.ensure_alive()
                await asyncio.sleep(_POLL_S)


@asynccontextmanager
async def open_results(place: Place, *, steps: int) -> AsyncIterator[Results]:
    """Asks Kafka for the ends of the result topics of ``place``; executions have so many steps."""
    consumer = AIOKafkaConsumer(bootstrap_servers=place.ground.kafka_servers)
    async with consumer:
        yield Results(consumer, place, steps)
