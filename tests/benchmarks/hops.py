"""Where an event's time goes: when each role on its way published its record of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import mean
from typing import Final

import orjson

from shared.bus.protocol import Received
from shared.wire.commands import Start, decode_command
from shared.wire.events import decode_event
from tests.benchmarks.costs import quotient
from tests.benchmarks.ground import Place
from tests.benchmarks.open_loop import Instants
from tests.benchmarks.three_steps import STEPS

_EVER: Final = datetime.fromtimestamp(0, UTC)
_LAST: Final = f'"step_id":"{STEPS[-1]}"'.encode()

WAY: Final = ("publisher", "trigger_ingest", "matcher", "executor", "commit", "consumer")
BARE_WAY: Final = ("publisher", "executor", "commit", "consumer")
"""That of the floor, which reads what was published and publishes results."""

EventOf = Callable[[Received], str | None]
"""Which event a record is about; None: none that is looked for."""


async def hops_ms(
    place: Place, way: Sequence[str], due: Instants, began: Instants, seen: Instants
) -> Mapping[str, float]:
    """Means, by what of ``way`` the time was taken by."""
    topics = place.topics
    records: Mapping[str, tuple[str, EventOf]] = {
        "publisher": (topics.sources[0], _of_source),
        "trigger_ingest": (topics.triggers, _of_trigger),
        "matcher": (topics.commands, _of_command),
        "commit": (topics.step_results, _of_result),
    }
    instants = {"executor": began, "consumer": seen}
    found: dict[str, float] = {}
    before = due
    for name in way:
        after = instants.get(name) or await _published(place, *records[name])
        found[name] = 1000 * mean(after[id_] - before[id_] for id_ in due)
        before = after
    return found


def of_bare(hops: Mapping[str, float], bare: Mapping[str, float]) -> Mapping[str, float | None]:
    """Turnout's hops by those of ``BARE_WAY``: each over the bus by its one, commits by commits."""
    counterparts = {
        "trigger_ingest": "executor",
        "matcher": "executor",
        "executor": "executor",
        "commit": "commit",
    }
    return {
        name: quotient(hops[name], bare[counterpart])
        for name, counterpart in counterparts.items()
        if name in hops
    }


async def _published(place: Place, topic: str, event_of: EventOf) -> Instants:
    bus = place.platform.bus
    extents = await bus.extents(topic, _EVER)
    ranges = {at: range(extent.first, extent.next) for at, extent in extents.items()}
    async with bus.history(ranges) as records:
        pairs = [(event_of(record), record.published_at) async for record in records]
    # Over Kafka instants are cut off to whole milliseconds, so half of one is missing on average.
    cut_s = 0.0005 if place.ground.kafka_servers else 0.0
    return {id_: at.timestamp() + cut_s for id_, at in pairs if id_ is not None}


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
