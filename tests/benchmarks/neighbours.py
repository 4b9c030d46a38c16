"""A quiet environment alone, and beside one that floods: how long its events wait then."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final
from uuid import UUID

import orjson

from tests.benchmarks.costs import medians, spread_ms
from tests.benchmarks.events import WORKFLOW
from tests.benchmarks.flood import Flood, measure_capacity
from tests.benchmarks.ground import PARTITIONS, Ground, Place, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.open_loop import arrivals, send_at
from tests.benchmarks.pipeline import PRODUCT
from tests.benchmarks.processes import Running, running
from tests.support.house import House

ALONE: Final = "alone"
OWN_TOPIC: Final = "own_topic"
QUOTA: Final = "own_topic_quota"
SAME_TOPIC: Final = "same_topic"
RATIO_MAX: Final = 2.0

_NOISY: Final = UUID("00000000-0000-4000-8000-00000000cccc")
_NOISE: Final = "noise:made"
_LAST_WITHIN_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured: a quiet ``per_s`` for ``seconds``, beside ``times`` the capacity.

    The noise begins ``ahead_s`` earlier. Its quota is ``share`` of the capacity.
    """

    rounds: int
    per_s: float
    seconds: float
    ahead_s: float
    times: float
    share: float
    warm_up: int
    burst: int
    bus: str
    shape: str
    sides: Sequence[str]
    seed: int


FULL: Final = Extent(
    rounds=2,
    per_s=20,
    seconds=15,
    ahead_s=3,
    times=3,
    share=0.1,
    warm_up=500,
    burst=4_000,
    bus="kafka",
    shape="one_process",
    sides=(ALONE, OWN_TOPIC, QUOTA, SAME_TOPIC),
    seed=1,
)
QUICK: Final = Extent(
    rounds=1,
    per_s=20,
    seconds=0.5,
    ahead_s=0.2,
    times=1,
    share=0.2,
    warm_up=20,
    burst=100,
    bus="local",
    shape="one_process",
    sides=(ALONE, OWN_TOPIC, QUOTA, SAME_TOPIC),
    seed=1,
)


async def measure_neighbours(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Measure the quiet environment in each situation, by turns.

    Gives JSON as docs/benchmarks/README.md explains it.
    """
    rounds: dict[str, list[Mapping[str, Any]]] = {side: [] for side in extent.sides}
    async with observed(tell) as machine, open_ground(with_kafka=extent.bus == "kafka") as ground:
        async with _roles(ground, extent, {}) as (place, watched):
            capacity_per_s = await measure_capacity(
                place, watched, warm_up=extent.warm_up, burst=extent.burst
            )
        tell(f"capacity: {capacity_per_s:,.0f} executions/s")
        for number in range(1, extent.rounds + 1):
            for side, found in rounds.items():
                chance = random.Random(extent.seed + number)
                found.append(await _measure(ground, extent, side, capacity_per_s, chance))
                tell(f"round {number}, {side}: {_told(found[-1])}")
    sides = {
        side: {**medians(found), **_ratios(found, rounds[ALONE]), "rounds": found}
        for side, found in rounds.items()
    }
    return {
        "benchmark": "neighbours",
        "machine": machine,
        "extent": {**asdict(extent), "partitions": PARTITIONS},
        "capacity_per_s": capacity_per_s,
        "sides": sides,
        "marks": {
            side: found["p99_of_alone"] <= RATIO_MAX
            for side, found in sides.items()
            if side != ALONE
        },
    }


def _ratios(
    found: Sequence[Mapping[str, Any]], alone: Sequence[Mapping[str, Any]]
) -> Mapping[str, float]:
    """Medians of the ratios round by round: the machine's own speed wanders between rounds."""
    pairs = list(zip(found, alone, strict=True))
    return {
        f"{cut}_of_alone": median(f["began_ms"][cut] / a["began_ms"][cut] for f, a in pairs)
        for cut in ("p50", "p99")
    }


def _told(found: Mapping[str, Any]) -> str:
    began = found["began_ms"]
    return (
        f"first step after {began['p50']:.1f} ms, p99 {began['p99']:.1f} ms,"
        f" beside {found['noise_per_s']:,.0f}/s"
    )


async def _measure(
    ground: Ground, extent: Extent, side: str, capacity_per_s: float, chance: random.Random
) -> Mapping[str, Any]:
    quota = {"events_per_s": extent.share * capacity_per_s}
    given = {"TURNOUT_QUOTA__ENVIRONMENTS": orjson.dumps({str(_NOISY): quota}).decode()}
    async with _roles(ground, extent, given if side == QUOTA else {}) as (place, _):
        warm_up = [n / extent.per_s for n in range(int(extent.per_s))]
        await send_at(place, warm_up, "warm")
        drawn = arrivals(extent.per_s, extent.seconds, chance)
        async with _noise(place, extent, side, capacity_per_s) as noise:
            due, seen = await send_at(place, drawn, "quiet", within_s=_LAST_WITHIN_S)
            sent = noise.sent
        starts = await place.starts(len(warm_up) + len(drawn))
    return {
        "executions": len(due),
        "noise_per_s": sent / (extent.ahead_s + extent.seconds),
        "began_ms": spread_ms(starts[id_] - at for id_, at in due.items()),
        "seen_ms": spread_ms(seen[id_] - at for id_, at in due.items()),
    }


@asynccontextmanager
async def _roles(
    ground: Ground, extent: Extent, given: Mapping[str, str]
) -> AsyncIterator[tuple[Place, Running]]:
    """All roles in a fresh place with two source topics; the quiet environment is the default."""
    noisy = {**WORKFLOW, "name": "noisy", "triggers": [{"event_name": _NOISE}]}
    noisy["steps"] = [{**WORKFLOW["steps"][0], "id": "noise"}]
    async with open_place(ground, sources=2) as place:
        await House(place.platform).register(noisy, environment_id=_NOISY)
        programs = PRODUCT[extent.shape]
        async with running(programs, {**place.environment(), **given}) as watched:
            yield place, watched


@asynccontextmanager
async def _noise(
    place: Place, extent: Extent, side: str, capacity_per_s: float
) -> AsyncIterator[Flood]:
    """The flood, from a moment ago until the quiet environment's last event was due."""
    own, other = place.topics.sources
    flood = Flood(
        place=place,
        topic=own if side == SAME_TOPIC else other,
        prefix="noise",
        event=_NOISE,
        beside={"environment_id": str(_NOISY)},
    )
    async with asyncio.TaskGroup() as group:
        if side != ALONE:
            for_s = extent.ahead_s + extent.seconds
            group.create_task(flood.pour(extent.times * capacity_per_s, for_s))
            await asyncio.sleep(extent.ahead_s)
        yield flood
