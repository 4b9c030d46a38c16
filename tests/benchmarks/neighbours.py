"""A quiet environment alone, and beside one that floods: how long its events wait then."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final
from uuid import UUID

import orjson

from shared.bus.protocol import Topic
from tests.benchmarks.costs import medians, spread_ms
from tests.benchmarks.events import WORKFLOW
from tests.benchmarks.flood import measure_capacity
from tests.benchmarks.ground import PARTITIONS, Ground, Place, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.open_loop import arrivals, send_at
from tests.benchmarks.pipeline import PRODUCT
from tests.benchmarks.processes import Running, running
from tests.support.house import House

ALONE: Final = "alone"
UNREAD: Final = "unread"
OWN_TOPIC: Final = "own_topic"
QUOTA: Final = "own_topic_quota"
SAME_TOPIC: Final = "same_topic"
RATIO_MAX: Final = 2.0

_NOISY: Final = UUID("00000000-0000-4000-8000-00000000cccc")
_NOISE: Final = "noise:made"
_UNREAD_TOPIC: Final = "noise.unread"
_LAST_WITHIN_S: Final = 300.0
_POLL_S: Final = 0.05
_FLOODING: Final = ("-m", "tests.benchmarks.flooding")


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
    sides=(ALONE, UNREAD, OWN_TOPIC, QUOTA, SAME_TOPIC),
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
    sides=(ALONE, UNREAD, OWN_TOPIC, QUOTA, SAME_TOPIC),
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
        side: {
            **medians(found),
            **_ratios(found, rounds[ALONE], "alone"),
            **_ratios(found, rounds.get(UNREAD, found), "unread"),
            "rounds": found,
        }
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
            if side not in (ALONE, UNREAD)
        },
    }


def _ratios(
    found: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]], name: str
) -> Mapping[str, float]:
    """Medians of the ratios round by round: the machine's own speed wanders between rounds."""
    pairs = list(zip(found, base, strict=True))
    return {
        f"{cut}_of_{name}": median(f["began_ms"][cut] / b["began_ms"][cut] for f, b in pairs)
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
        async with _noise(place, extent, side, capacity_per_s) as noise_per_s:
            due, seen = await send_at(place, drawn, "quiet", within_s=_LAST_WITHIN_S)
            noise = await noise_per_s()
        starts = await place.starts(len(warm_up) + len(drawn))
    return {
        "executions": len(due),
        "noise_per_s": noise,
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
) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """The flood, in a process of its own, from a moment ago until the end; tells its rate."""
    own, other = place.topics.sources
    await place.platform.bus.ensure_topics([Topic(name=_UNREAD_TOPIC, partitions=PARTITIONS)])
    flood = {
        "topic": {SAME_TOPIC: own, UNREAD: _UNREAD_TOPIC}.get(side, other),
        "prefix": "noise",
        "event": _NOISE,
        "beside": {"environment_id": str(_NOISY)},
    }
    given = orjson.dumps({"per_s": extent.times * capacity_per_s, "given": flood}).decode()
    programs = {} if side == ALONE else {"noise": (given,)}
    async with running(programs, place.environment(), _FLOODING) as watched:
        began = await _sent(watched)
        while programs and not began["sent"]:
            await asyncio.sleep(_POLL_S)
            began = await _sent(watched)

        async def per_s() -> float:
            now = await _sent(watched)
            return (now["sent"] - began["sent"]) / (now["at_s"] - began["at_s"] or 1)

        await asyncio.sleep(extent.ahead_s if programs else 0)
        yield per_s


async def _sent(watched: Running) -> Mapping[str, float]:
    """What the flood says of itself; nothing where there is none."""
    return (await watched.ask()).get("noise", {"sent": 0, "at_s": 0})
