"""Events at a rate that nobody asks for, and how far each role has come with them."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import orjson

from shared.bus.protocol import Bus, Record
from tests.benchmarks.events import EVENT, event_record
from tests.benchmarks.ground import Place
from tests.benchmarks.processes import Running

_TICK_S: Final = 0.02
_AT_ONCE_MAX: Final = 5_000
_POLL_S: Final = 0.1
_STILL_S: Final = 120.0


@dataclass(slots=True, kw_only=True)
class Flood:
    """Publishes the same event under ever new ids; ``sent`` counts those that are durable.

    ``beside`` are further fields of the event.
    """

    bus: Bus
    topic: str
    prefix: str
    event: str = EVENT
    beside: Mapping[str, str] = field(default_factory=dict)
    sent: int = 0

    async def pour(self, per_s: float, for_s: float) -> float:
        """Publish at the rate, whatever becomes of it; gives the rate that it came to.

        A publisher that falls behind sends larger batches, up to what it can at all.
        """
        began, before = time.monotonic(), self.sent
        while (elapsed_s := time.monotonic() - began) < for_s:
            due = int(per_s * elapsed_s) - (self.sent - before)
            if due > 0:
                await self.send(min(due, _AT_ONCE_MAX))
            else:
                await asyncio.sleep(_TICK_S)
        return (self.sent - before) / (time.monotonic() - began)

    async def send(self, count: int) -> None:
        """Publish so many at once."""
        mark = "turnout-flood-id"
        value = orjson.dumps({**orjson.loads(event_record(mark, self.event)), **self.beside})
        ids = [f"{self.prefix}-{self.sent + n}".encode() for n in range(count)]
        await self.bus.publish(
            [Record(topic=self.topic, key=i, value=value.replace(mark.encode(), i)) for i in ids]
        )
        self.sent += count


async def taken_in(place: Place, commands: int, watched: Running) -> None:
    """Return when so many commands were taken in and nothing that they started is at work.

    Raises TimeoutError when nothing moves for two minutes.
    """
    seen, now = -1, asyncio.get_running_loop().time
    async with asyncio.timeout(_STILL_S) as limit:
        while (found := await place.progress()).consumed < commands or found.is_busy:
            watched.ensure_alive()
            if found.consumed > seen:
                seen = found.consumed
                limit.reschedule(now() + _STILL_S)
            await asyncio.sleep(_POLL_S)


async def measure_capacity(place: Place, watched: Running, *, warm_up: int, burst: int) -> float:
    """Executions a second, of a burst; ``warm_up`` before it are not measured."""
    flood = Flood(bus=place.platform.bus, topic=place.topics.sources[0], prefix="capacity")
    await flood.send(warm_up)
    await taken_in(place, warm_up, watched)
    began = time.monotonic()
    await flood.send(burst)
    await taken_in(place, warm_up + burst, watched)
    return burst / (time.monotonic() - began)


async def lags(place: Place) -> Mapping[str, int]:
    """By role, the records that it has not finished."""
    topics, bus = place.topics, place.platform.bus
    behind = {"trigger-ingest": 0, "matcher": 0, "webhooks": 0}
    for topic, role in (
        *((t, "trigger-ingest") for t in topics.sources),
        (topics.triggers, "matcher"),
        (topics.step_results, "webhooks"),
        (topics.executions, "webhooks"),
    ):
        behind[role] += await _end(place, topic) - sum(
            (await bus.committed(topic, topics.group(role))).values()
        )
    consumed = (await place.progress()).consumed
    return {**behind, "executor": await _end(place, topics.commands) - consumed}


async def published_results(place: Place) -> int:
    """How many records of steps there are."""
    return await _end(place, place.topics.step_results)


async def _end(place: Place, topic: str) -> int:
    extents = await place.platform.bus.extents(topic, datetime.now(UTC))
    return sum(extent.next for extent in extents.values())
