"""Far more events than can be executed: what grows meanwhile, and whether all are done at last."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from services.cli.process.ports import claim_port
from services.cli.process.roles import ROLES
from shared.domain.errors import Unavailable
from shared.runtime.sql import statements
from tests.benchmarks.costs import spread_ms
from tests.benchmarks.delivered import Delivered, open_delivered
from tests.benchmarks.flood import Flood, lags, measure_capacity, published_results, taken_in
from tests.benchmarks.flood_samples import Sample, event_loops, memory, watching
from tests.benchmarks.ground import PARTITIONS, Ground, Place, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.processes import Running, running
from tests.benchmarks.three_steps import STEPS, three_steps
from tests.integration.webhooks.stage import subscribe
from tests.support.rings import written

GROWTH_BYTES_MAX: Final = 50 * 2**20
LATE_S_MAX: Final = 0.5
"""As the alert has it."""

TOLD: Final = "0"
"""What the ids of executions begin with whose ends a subscriber wants: one of sixteen."""

_SQL: Final = statements(Path(__file__).parent / "queries")
_BYTES_EACH: Final = 12_288
_DISK_BYTES_BESIDE: Final = 4 * 2**30
_TOLD_WITHIN_S: Final = 300.0


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
class _Stage:
    """All roles at work, the api where it can be asked, and somebody who is told by webhooks."""

    place: Place
    watched: Running
    api_port: int
    delivered: Delivered


async def measure_pressure(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Flood one place, roles in processes of their own; JSON as docs/benchmarks/README.md has it.

    Raises Unavailable when the disk has too little room.
    """
    async with (
        observed(tell) as machine,
        open_ground(with_kafka=extent.bus == "kafka") as ground,
        _open_stage(ground) as stage,
    ):
        capacity_per_s = await measure_capacity(
            stage.place, stage.watched, warm_up=extent.warm_up, burst=extent.burst
        )
        tell(f"capacity: {capacity_per_s:,.0f} executions/s")
        _need_disk(capacity_per_s * extent.times * extent.seconds)
        found = await _flood(stage, extent, capacity_per_s, tell)
    return {
        "benchmark": "pressure",
        "machine": machine,
        "extent": {**asdict(extent), "partitions": PARTITIONS},
        "capacity_per_s": capacity_per_s,
        "times": found["sent_per_s"] / capacity_per_s,
        **found,
        "marks": _marks(found),
    }


@asynccontextmanager
async def _open_stage(ground: Ground) -> AsyncIterator[_Stage]:
    programs, port = {role: (role,) for role in ROLES}, claim_port(0)
    given = {"TURNOUT_PORT": str(port), "TURNOUT_KEYRING": written("k1")}
    async with open_delivered() as delivered, open_place(ground, three_steps("jsonata")) as place:
        wanted = {"subject": {"~starts": TOLD}}
        await subscribe(place.platform.pool, delivered.url, "execution.completed", filters=wanted)
        async with running(programs, {**place.environment(), **given}) as watched:
            yield _Stage(place=place, watched=watched, api_port=port, delivered=delivered)


async def _flood(
    stage: _Stage, extent: Extent, capacity_per_s: float, tell: Tell
) -> Mapping[str, Any]:
    """Publish far too much, and see all of it done."""
    place, watched = stage.place, stage.watched
    before, counted = extent.warm_up + extent.burst, await watched.ask()
    flood = Flood(bus=place.platform.bus, topic=place.topics.sources[0], prefix="flood")
    began = time.monotonic()
    async with watching(place, watched, stage.api_port, tell) as samples:
        sent_per_s = await flood.pour(capacity_per_s * extent.times, extent.seconds)
        poured_s = time.monotonic() - began
        tell(f"sent {flood.sent:,}, {sent_per_s:,.0f}/s")
        await taken_in(place, before + flood.sent, watched)
        took_s = time.monotonic() - began
        await _settled(place, (before + flood.sent) * len(STEPS))
        await _caught_up(place)
        wanted = await place.platform.pool.fetchval(_SQL["count_told"], TOLD)
        await stage.delivered.reach(wanted, within_s=_TOLD_WITHIN_S)
    return {
        "sent": flood.sent,
        "sent_per_s": sent_per_s,
        "poured_s": poured_s,
        "took_s": took_s,
        "executions_per_s": flood.sent / took_s,
        "completed": await place.completed() - before,
        "results": await published_results(place) - before * len(STEPS),
        "told": {"wanted": wanted, "received": stage.delivered.count},
        "memory": memory(samples),
        "event_loops": await event_loops(watched, counted),
        "api": _answers(samples),
        "lag_max": {role: max(s.lag[role] for s in samples) for role in samples[0].lag},
        "samples": [asdict(sample) for sample in samples],
    }


def _answers(samples: Sequence[Sample]) -> Mapping[str, Any]:
    took = [s.api_ms / 1000 for s in samples if s.api_ms is not None]
    return {
        "answered": len(took),
        "refused": len(samples) - len(took),
        "ms": {**spread_ms(took), "max": 1000 * max(took)} if took else None,
    }


def _marks(found: Mapping[str, Any]) -> Mapping[str, bool]:
    each_once = (found["sent"], found["sent"] * len(STEPS))
    late = [loop["p99_s_at_most"] for loop in found["event_loops"].values()]
    return {
        "all_once": (found["completed"], found["results"]) == each_once,
        "told_once": found["told"]["received"] == found["told"]["wanted"],
        "memory_is_flat": all(
            memory["growth"] <= GROWTH_BYTES_MAX for memory in found["memory"].values()
        ),
        "loops_keep_time": all(s is not None and s <= LATE_S_MAX for s in late),
        "api_answers": not found["api"]["refused"],
    }


def _need_disk(events: float) -> None:
    folder = tempfile.gettempdir()
    free, need = shutil.disk_usage(folder).free, _DISK_BYTES_BESIDE + events * _BYTES_EACH
    if free < need:
        raise Unavailable(
            f"{folder} has {free / 2**30:.1f} GiB free and this takes up to {need / 2**30:.1f}:"
            " make room, set TMPDIR to a folder that has it, or ask for fewer --seconds."
        )


async def _caught_up(place: Place) -> None:
    """Return when no role is behind: it says so after the others have what it did.

    5 min at most; webhooks hear of what was published last.
    """
    async with asyncio.timeout(300):
        while any((await lags(place)).values()):
            await asyncio.sleep(0.1)


async def _settled(place: Place, results: int) -> None:
    """Return when so many results are published, which follows their commit; 5 min at most."""
    async with asyncio.timeout(300):
        while await published_results(place) < results:
            await asyncio.sleep(0.1)
