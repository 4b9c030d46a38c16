"""Where an event's time goes: when each role on its way published its record of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import mean
from typing import Final

import orjson

from shared.bus.protocol import Received
from shared.wire.commands import Start, decode_command
from shared.wire.events import decode_event
from tests.benchmarks.ground import Place
from tests.benchmarks.open_loop import Instants
from tests.benchmarks.three_steps import STEPS

_EVER: Final = datetime.fromtimestamp(0, UTC)
_LAST: Final = f'"step_id":"{STEPS[-1]}"'.encode()

EventOf = Callable[[Received], str | None]
"""Which event a record is about; None: none that is looked for."""


async def hops_ms(
    place: Place, due: Instants, began: Instants, seen: Instants
) -> Mapping[str, float]:
    """Means, by what the time was taken by; over Kafka instants are whole milliseconds."""
    topics = place.topics
    instants: Mapping[str, Instants] = {
        "publisher": await _published(place, topics.sources[0], _of_source),
        "trigger_ingest": await _published(place, topics.triggers, _of_trigger),
        "matcher": await _published(place, topics.commands, _of_command),
        "executor": began,
        "commit": await _published(place, topics.step_results, _of_result),
        "consumer": seen,
    }
    found: dict[str, float] = {}
    before = due
    for name, after in instants.items():
        found[name] = 1000 * mean(after[id_] - before[id_] for id_ in due)
        before = after
    return found


async def _published(place: Place, topic: str, event_of: EventOf) -> Instants:
    bus = place.platform.bus
    extents = await bus.extents(topic, _EVER)
    ranges = {at: range(extent.first, extent.next) for at, extent in extents.items()}
    async with bus.history(ranges) as records:
        pairs = [(event_of(record), record.published_at) async for record in records]
    return {id_: at.timestamp() for id_, at in pairs if id_ is not None}


def _of_source(record: Received) -> str | None:
    return (record.key or b"").decode()


def _of_trigger(record: Received) -> str | None:
    return decode_event(orjson.loads(record.value or b"")).id


def _of_command(record: Received) -> str | None:
    command = decode_command(record.value)
    return decode_event(command.event).id if isinstance(command, Start) else None


def _of_result(record: Received) -> str | None:
    if _LAST not in (record.value or b""):
        return None
    id_: str | None = orjson.loads(record.value or b"")["data"]["output"].get("id")
    return id_
