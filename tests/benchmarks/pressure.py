"""Far more events than can be executed: what grows meanwhile, and whether all are done at last."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from shared.domain.errors import Unavailable
from tests.benchmarks.flood import Flood, lags, measure_capacity, published_results, taken_in
from tests.benchmarks.ground import PARTITIONS, Place, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.pipeline import ROLES
from tests.benchmarks.processes import Running, resident_bytes, running
from tests.benchmarks.three_steps import STEPS, three_steps

GROWTH_BYTES_MAX: Final = 50 * 2**20
SETTLED_S: Final = 10.0

_BYTES_EACH: Final = 12_288
_DISK_BYTES_BESIDE: Final = 4 * 2**30
_LOOK_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured: ``times`` the rate of ``burst`` events, for ``seconds``."""

    seconds: float
    times: float
    warm_up: int
    burst: int
    bus: str


FULL: Final = Extent(seconds=60, times=10, warm_up=1_000, burst=10_000, bus="kafka")
QUICK: Final = Extent(seconds=2, times=2, warm_up=50, burst=200, bus="local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look: seconds since the flood began, records not finished and memory, by role."""

    at_s: float
    lag: Mapping[str, int]
    resident_bytes: Mapping[str, int]


async def measure_pressure(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Flood one place, roles in processes of their own; JSON as docs/benchmarks/README.md has it.

    Raises Unavailable when the disk has too little room.
    """
    programs = {role: (role,) for role in ROLES}
    async with (
        observed(tell) as machine,
        open_ground(with_kafka=extent.bus == "kafka") as ground,
        open_place(ground, three_steps("jsonata")) as place,
        running(programs, place.environment()) as watched,
    ):
        capacity_per_s = await measure_capacity(
            place, watched, warm_up=extent.warm_up, burst=extent.burst
        )
        tell(f"capacity: {capacity_per_s:,.0f} executions/s")
        _need_disk(capacity_per_s * extent.times * extent.seconds)
        found = await _flood(place, watched, extent, capacity_per_s, tell)
    return {
        "benchmark": "pressure",
        "machine": machine,
        "extent": {**asdict(extent), "partitions": PARTITIONS},
        "capacity_per_s": capacity_per_s,
        "times": found["sent_per_s"] / capacity_per_s,
        **found,
        "marks": _marks(found),
    }


async def _flood(
    place: Place, watched: Running, extent: Extent, capacity_per_s: float, tell: Tell
) -> Mapping[str, Any]:
    """Publish far too much, and see all of it done."""
    before = extent.warm_up + extent.burst
    flood = Flood(bus=place.platform.bus, topic=place.topics.sources[0], prefix="flood")
    began = time.monotonic()
    async with _watching(place, watched, tell) as samples:
        sent_per_s = await flood.pour(capacity_per_s * extent.times, extent.seconds)
        poured_s = time.monotonic() - began
        tell(f"sent {flood.sent:,}, {sent_per_s:,.0f}/s")
        await taken_in(place, before + flood.sent, watched)
        took_s = time.monotonic() - began
        await _caught_up(place)
    await _settled(place, (before + flood.sent) * len(STEPS))
    return {
        "sent": flood.sent,
        "sent_per_s": sent_per_s,
        "poured_s": poured_s,
        "took_s": took_s,
        "executions_per_s": flood.sent / took_s,
        "completed": await place.completed() - before,
        "results": await published_results(place) - before * len(STEPS),
        "memory": _memory(samples),
        "lag_max": {role: max(s.lag[role] for s in samples) for role in samples[0].lag},
        "samples": [asdict(sample) for sample in samples],
    }


def _marks(found: Mapping[str, Any]) -> Mapping[str, bool]:
    each_once = (found["sent"], found["sent"] * len(STEPS))
    return {
        "all_once": (found["completed"], found["results"]) == each_once,
        "memory_is_flat": all(
            memory["growth"] <= GROWTH_BYTES_MAX for memory in found["memory"].values()
        ),
    }


def _need_disk(events: float) -> None:
    folder = tempfile.gettempdir()
    free, need = shutil.disk_usage(folder).free, _DISK_BYTES_BESIDE + events * _BYTES_EACH
    if free < need:
        raise Unavailable(
            f"{folder} has {free / 2**30:.1f} GiB free and this takes up to {need / 2**30:.1f}:"
            " make room, set TMPDIR to a folder that has it, or ask for fewer --seconds."
        )


@asynccontextmanager
async def _watching(place: Place, watched: Running, tell: Tell) -> AsyncIterator[list[Sample]]:
    """A sample a second, from now until the end."""
    began, samples = time.monotonic(), [await _look(place, watched, 0)]

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            samples.append(await _look(place, watched, time.monotonic() - began))
            if len(samples) % 10 == 0:
                tell(_told(samples[-1]))

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        yield samples
        looking.cancel()
    samples.append(await _look(place, watched, time.monotonic() - began))


async def _look(place: Place, watched: Running, at_s: float) -> Sample:
    resident = {name: resident_bytes(p.pid) for name, p in watched.processes.items()}
    return Sample(at_s=at_s, lag=await lags(place), resident_bytes=resident)


def _told(sample: Sample) -> str:
    lag = ", ".join(f"{role} {records:,}" for role, records in sample.lag.items())
    mib = ", ".join(f"{n} {size / 2**20:,.0f}" for n, size in sample.resident_bytes.items())
    return f"{sample.at_s:.0f} s: behind by {lag}; MiB: {mib}"


async def _caught_up(place: Place) -> None:
    """Return when no role is behind: it says so after the others have what it did; 60 s at most."""
    async with asyncio.timeout(60):
        while any((await lags(place)).values()):
            await asyncio.sleep(0.1)


async def _settled(place: Place, results: int) -> None:
    """Return when so many results are published, which follows their commit; 5 min at most."""
    async with asyncio.timeout(300):
        while await published_results(place) < results:
            await asyncio.sleep(0.1)


def _memory(samples: Sequence[Sample]) -> Mapping[str, Mapping[str, int]]:
    """By process: when the flood had lasted for ten seconds (or at the end), and from then on."""
    later = [s.resident_bytes for s in samples if s.at_s >= SETTLED_S] or [
        samples[-1].resident_bytes
    ]
    return {
        name: {
            "settled": at_first,
            "max": (most := max(seen[name] for seen in later)),
            "growth": most - at_first,
        }
        for name, at_first in later[0].items()
    }
