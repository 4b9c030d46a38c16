"""How long an event waits for its first step, a step for the next, and a consumer for the result.

Open loop: at a trickle, and at shares of the rate that the same processes have just shown.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

from tests.benchmarks.costs import cost_of, medians, quotients, read_costs, spread_ms
from tests.benchmarks.ground import Ground, Place, open_ground, open_place
from tests.benchmarks.hops import BARE_WAY, WAY, hops_ms, of_bare
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.open_loop import Instants, arrivals, send_at
from tests.benchmarks.pipeline import FLOORS, ROLES
from tests.benchmarks.processes import Running, running
from tests.benchmarks.three_steps import STEPS, three_steps
from tests.support.house import House
from tests.support.receiver import OK, Receiver

TRIGGER: Final = "latency:computing"
CALLING: Final = "latency:calling"
SHARES: Final = (0.1, 0.5, 0.8)
_SATURATION: Final = "saturation"
_UNLOADED: Final = "unloaded"
_CALLS: Final = "unloaded_calls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured. ``burst`` events tell the rate; seconds are of each level."""

    rounds: int
    warm_up: int
    burst: int
    unloaded_per_s: float
    unloaded_s: float
    seconds: float
    bus: str
    seed: int


FULL: Final = Extent(
    rounds=3,
    warm_up=500,
    burst=4_000,
    unloaded_per_s=20,
    unloaded_s=6,
    seconds=4,
    bus="kafka",
    seed=1,
)
QUICK: Final = Extent(
    rounds=1,
    warm_up=20,
    burst=100,
    unloaded_per_s=20,
    unloaded_s=0.5,
    seconds=0.5,
    bus="local",
    seed=1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What is measured; the floor calls nobody."""

    programs: Mapping[str, Sequence[str]]
    calls: bool
    way: Sequence[str]


_PRODUCT: Final = _Side(programs={"turnout": ROLES}, calls=True, way=WAY)
_FLOOR: Final = _Side(programs=FLOORS[len(STEPS)], calls=False, way=BARE_WAY)
_COMPARED: Final = (
    *("per_s", "began_ms", "seen_ms"),
    *("all_cpu_s_per_1000", "wal_bytes_per_execution", "commits_per_1000_steps"),
)


@dataclass(slots=True)
class _Level:
    """Events of one rate: when they were due, and when their results were seen."""

    per_s: float
    due: Instants
    seen: Instants
    cost: Mapping[str, Any]


async def measure_latency(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Measure Turnout in one process, and over Kafka the bare loop at the same rates, by turns.

    Gives JSON as docs/benchmarks/README.md explains it.
    """
    with_kafka = extent.bus == "kafka"
    sides = {"turnout": _PRODUCT, **({"floor": _FLOOR} if with_kafka else {})}
    rounds: dict[str, list[Mapping[str, Any]]] = {name: [] for name in sides}
    async with (
        observed(tell) as machine,
        open_ground(with_kafka=with_kafka) as ground,
        Receiver(_answer) as receiver,
    ):
        for number in range(1, extent.rounds + 1):
            rates: Mapping[str, float] = {}
            found: dict[str, Mapping[str, Any]] = {}
            for name, side in sides.items():
                chance = random.Random(extent.seed + number)
                levels = await _round(ground, side, extent, rates, receiver.url, chance)
                rates = rates or {label: level["per_s"] for label, level in levels.items()}
                found[name] = levels
                tell(f"round {number}, {name}: {_told(levels)}")
            for name, levels in found.items():
                rounds[name].append(_beside(levels, found.get("floor", {})))
    return {
        "benchmark": "latency",
        "machine": machine,
        "extent": asdict(extent),
        "sides": {name: {"levels": medians(done), "rounds": done} for name, done in rounds.items()},
    }


async def measure_burst(ground: Ground, *, warm_up: int, burst: int) -> Mapping[str, Any]:
    """The rate of Turnout's whole pipeline in one process, and its cost; all else is left out."""
    async with _measured_place(ground, _PRODUCT, "http://127.0.0.1") as (place, watched):
        levels = _Levels(place, watched)
        await send_at(place, [0.0] * warm_up, "warm", event=TRIGGER, last_step=STEPS[-1])
        level = await levels.send(_SATURATION, [0.0] * burst)
    return {"executions_per_s": _rate(level), **level.cost}


def _rate(level: _Level) -> float:
    return len(level.due) / (max(level.seen.values()) - min(level.due.values()))


def _beside(levels: Mapping[str, Any], floor: Mapping[str, Any]) -> Mapping[str, Any]:
    """Each level with its quotients by the floor's of the same round, where the floor has it."""
    return {
        label: {**level, "of_floor": _of_floor(level, floor[label])} if label in floor else level
        for label, level in levels.items()
    }


def _of_floor(level: Mapping[str, Any], floor: Mapping[str, Any]) -> Mapping[str, Any]:
    found = quotients({figure: level[figure] for figure in _COMPARED}, floor)
    if "hops_ms" not in level:
        return found
    return {**found, "hops_ms": of_bare(level["hops_ms"], floor["hops_ms"])}


def _told(levels: Mapping[str, Any]) -> str:
    unloaded = levels[_UNLOADED]
    return (
        f"{levels[_SATURATION]['per_s']:,.0f} executions/s;"
        f" unloaded: first step after {unloaded['began_ms']['p50']:.1f} ms,"
        f" result after {unloaded['seen_ms']['p50']:.1f} ms"
    )


async def _round(
    ground: Ground,
    side: _Side,
    extent: Extent,
    rates: Mapping[str, float],
    url: str,
    chance: random.Random,
) -> Mapping[str, Any]:
    """Every level in a fresh place; ``rates`` are given, or taken from the burst."""
    async with _measured_place(ground, side, url) as (place, watched):
        levels = _Levels(place, watched)
        await send_at(place, [0.0] * extent.warm_up, "warm", event=TRIGGER, last_step=STEPS[-1])
        burst = await levels.send(_SATURATION, [0.0] * extent.burst)
        burst.per_s = _rate(burst)
        trickle = extent.unloaded_per_s
        await levels.send(_UNLOADED, arrivals(trickle, extent.unloaded_s, chance), trickle)
        if side.calls:
            drawn = arrivals(trickle, extent.unloaded_s, chance)
            await levels.send(_CALLS, drawn, trickle, event=CALLING)
        for share in SHARES:
            label = f"{share:.0%}"
            per_s = rates.get(label, share * burst.per_s)
            await levels.send(label, arrivals(per_s, extent.seconds, chance), per_s)
        shown = await levels.shown()
        return {**shown, _UNLOADED: await levels.with_hops(shown, side.way)}


@asynccontextmanager
async def _measured_place(
    ground: Ground, side: _Side, url: str
) -> AsyncIterator[tuple[Place, Running]]:
    async with open_place(ground) as place:
        house = House(place.platform)
        await house.register(three_steps("jsonata", TRIGGER))
        await house.register(_calling(url))
        async with running(side.programs, place.environment()) as watched:
            yield place, watched


def _calling(url: str) -> Mapping[str, Any]:
    """Computes, calls a receiver twice, computes: what a call needs to be durable before it."""
    given = {"lang": "jsonata", "src": "{'id': payload.id}"}
    call = {"action": "http_request", "input": {"src": {"url": url}}}
    steps = [
        {"id": "first", "action": "transform", "input": given},
        {"id": "second", **call},
        {"id": "third", **call},
        {"id": "last", "action": "transform", "input": given},
    ]
    return {"name": "calling", "triggers": [{"event_name": CALLING}], "steps": steps}


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


class _Levels:
    """The levels of one round."""

    def __init__(self, place: Place, watched: Running) -> None:
        self._place = place
        self._watched = watched
        self._levels: dict[str, _Level] = {}

    async def send(
        self, label: str, offsets_s: Sequence[float], per_s: float = 0, *, event: str = TRIGGER
    ) -> _Level:
        """Send events at these times, and see them all through."""
        before, executions = await read_costs(self._place, self._watched), len(offsets_s)
        last, count = (STEPS[-1], len(STEPS)) if event == TRIGGER else ("last", 4)
        try:
            due, seen = await send_at(self._place, offsets_s, label, event=event, last_step=last)
        except TimeoutError:
            self._watched.ensure_alive()
            raise
        after = await read_costs(self._place, self._watched)
        cost = cost_of(before, after, executions=executions, steps=executions * count)
        level = self._levels[label] = _Level(per_s, due, seen, asdict(cost))
        return level

    async def shown(self) -> Mapping[str, Any]:
        """Each level's percentiles, with the log's times of its steps."""
        attempts = await self._attempts()
        return {label: self._shown(level, attempts) for label, level in self._levels.items()}

    async def with_hops(self, shown: Mapping[str, Any], way: Sequence[str]) -> Mapping[str, Any]:
        """What is shown of the unloaded level, and what its events' time was taken by."""
        level, attempts = self._levels[_UNLOADED], await self._attempts()
        began = {id_: attempts[id_][0]["started_at"].timestamp() for id_ in level.due}
        hops = await hops_ms(self._place, way, level.due, began, level.seen)
        return {**shown[_UNLOADED], "hops_ms": hops}

    async def _attempts(self) -> Mapping[str, Sequence[Any]]:
        """Each event's, in order."""
        attempts: dict[object, list[Any]] = {}
        for row in await self._place.attempts(10_000_000):
            attempts.setdefault(row["execution_id"], []).append(row)
        return {rows[0]["event_id"]: rows for rows in attempts.values()}

    def _shown(self, level: _Level, attempts: Mapping[str, Sequence[Any]]) -> Mapping[str, Any]:
        of_level = {id_: attempts[id_] for id_ in level.due}
        gaps = [
            (after["started_at"] - before["ended_at"]).total_seconds()
            for rows in of_level.values()
            for before, after in pairwise(rows)
        ]
        began = {id_: rows[0]["started_at"].timestamp() for id_, rows in of_level.items()}
        return {
            "per_s": level.per_s,
            "executions": len(level.due),
            "began_ms": spread_ms(began[id_] - at for id_, at in level.due.items()),
            "overhead_ms": spread_ms(gaps) if gaps else None,
            "seen_ms": spread_ms(level.seen[id_] - at for id_, at in level.due.items()),
            **level.cost,
        }
