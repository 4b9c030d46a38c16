"""Events at a steady rate, whatever becomes of the ones before.

Each event has an instant at which it is due to be published; what is counted from there includes
the pauses of the publisher.
"""

import asyncio
import time
from collections.abc import Mapping

import orjson

from shared.bus.protocol import Record
from tests.benchmarks.events import event_ids, event_record
from tests.benchmarks.ground import Place

_LAST_WITHIN_S = 30.0

Instants = Mapping[str, float]
"""By event id, seconds on the wall clock."""


async def send_steadily(place: Place, *, per_s: int, for_s: int) -> tuple[Instants, Instants]:
    """When each event was due, and when a consumer had its step's result."""
    ids = event_ids("trickle", per_s * for_s)
    seen: dict[str, float] = {}
    async with (
        place.platform.bus.tail((place.topics.step_results,)) as records,
        asyncio.timeout(for_s + _LAST_WITHIN_S),
        asyncio.TaskGroup() as group,
    ):
        start = time.time()
        due = {id_: start + number / per_s for number, id_ in enumerate(ids, start=1)}
        group.create_task(_send(place, due))
        async for record in records:
            seen[orjson.loads(record.value or b"")["data"]["output"]["id"]] = time.time()
            if len(seen) == len(ids):
                break
    return due, seen


async def _send(place: Place, due: Instants) -> None:
    topic = place.topics.sources[0]
    async with asyncio.TaskGroup() as group:
        for id_, at in due.items():
            await asyncio.sleep(max(0.0, at - time.time()))
            record = Record(topic=topic, key=id_.encode(), value=event_record(id_))
            group.create_task(place.platform.bus.publish([record]))
