"""Events at instants drawn beforehand, whatever becomes of the ones before.

Each event is due at its instant; what is counted from there includes the pauses of the publisher,
and nobody waits for an answer before the next: there is no coordinated omission.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence

import orjson

from shared.bus.protocol import Record
from tests.benchmarks.events import EVENT, event_ids, event_record
from tests.benchmarks.ground import Place

_LAST_WITHIN_S = 300.0

Instants = Mapping[str, float]
"""By event id, seconds on the wall clock."""


def arrivals(per_s: float, for_s: float, chance: random.Random) -> Sequence[float]:
    """Seconds from the start, as they come from many who know nothing of each other (Poisson)."""
    drawn: list[float] = []
    at_s = chance.expovariate(per_s)
    while at_s < for_s or len(drawn) < 2:  # fewer have no percentiles
        drawn.append(at_s)
        at_s += chance.expovariate(per_s)
    return drawn


async def send_at(
    place: Place,
    offsets_s: Sequence[float],
    prefix: str,
    *,
    event: str = EVENT,
    last_step: str = "first",
    within_s: float = _LAST_WITHIN_S,
) -> tuple[Instants, Instants]:
    """When each event was due, and when a consumer had the result of the last step in its hands.

    ``offsets_s``: when, in seconds from the start. Raises TimeoutError when results stay
    away for ``within_s`` after the last was due.
    """
    ids = event_ids(prefix, len(offsets_s))
    mark = f'"step_id":"{last_step}"'.encode()
    seen: dict[str, float] = {}
    async with (
        place.platform.bus.tail((place.topics.step_results,)) as records,
        asyncio.timeout(offsets_s[-1] + within_s),
        asyncio.TaskGroup() as group,
    ):
        start = time.time()
        due = {id_: start + offset_s for id_, offset_s in zip(ids, offsets_s, strict=True)}
        group.create_task(_send(place, due, event))
        async for record in records:
            if mark in (record.value or b""):
                seen[orjson.loads(record.value or b"")["data"]["output"]["id"]] = time.time()
                if len(seen) == len(ids):
                    break
    return due, seen


async def _send(place: Place, due: Instants, event: str) -> None:
    """Publish each event when it is due; those that are due together go together."""
    topic = place.topics.sources[0]
    waiting = [
        (at, Record(topic=topic, key=id_.encode(), value=event_record(id_, event)))
        for id_, at in reversed(list(due.items()))
    ]
    async with asyncio.TaskGroup() as group:
        while waiting:
            await asyncio.sleep(max(0.0, waiting[-1][0] - time.time()))
            now, records = time.time(), []
            while waiting and waiting[-1][0] <= now:
                records.append(waiting.pop()[1])
            if records:
                group.create_task(place.platform.bus.publish(records))
