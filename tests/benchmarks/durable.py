"""Three-step executions without Kafka, beside bare loops of group commits."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from statistics import median
from typing import Any, Final

import orjson

from shared.domain.errors import Unavailable
from tests.benchmarks.costs import Cost, cost_of, medians, read_costs
from tests.benchmarks.ground import Ground, Place, open_ground, open_place
from tests.benchmarks.loaded import Load
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.processes import Running, running
from tests.benchmarks.three_steps import STEPS, three_steps
from tests.support.house import House

PRODUCT: Final = "turnout"
FLOOR: Final = "floor"
FLOOR_AT_ONCE: Final = "floor_at_once"
PARTITIONS_EACH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured: at each concurrency, ``rounds`` times, for ``seconds``."""

    rounds: int
    seconds: float
    warm_up_s: float
    concurrency: Sequence[int]
    processes: int
    inputs: str


FULL: Final = Extent(
    rounds=3,
    seconds=3.0,
    warm_up_s=1.5,
    concurrency=(1, 32, 256, 1024),
    processes=1,
    inputs="literal",
)
QUICK: Final = Extent(
    rounds=1, seconds=0.4, warm_up_s=0.2, concurrency=(32,), processes=1, inputs="literal"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one side did in one round: at what rate and cost in the measured seconds.

    Of the whole round: ``ended`` executions and ``steps`` by what was published, ``completed`` by
    the database. They must agree.
    """

    executions_per_s: float
    cost: Cost
    ended: int
    steps: int
    completed: int


async def measure_run(extent: Extent, tell: Tell, profile: str | None = None) -> Mapping[str, Any]:
    """Measure all sides by turns; gives JSON as docs/benchmarks/README.md explains it.

    ``profile``: the file that pyinstrument writes about Turnout's first process, in the last round
    of the last concurrency. Raises Unavailable when pyinstrument is not installed.
    """
    if profile is not None and find_spec("pyinstrument") is None:
        raise Unavailable("--profile needs pyinstrument: install it beside Turnout.")
    found: dict[int, dict[str, list[Seen]]] = {}
    async with observed(tell) as machine, open_ground(with_kafka=False) as ground:
        for width in extent.concurrency:
            sides = found[width] = {PRODUCT: [], FLOOR: [], FLOOR_AT_ONCE: []}
            for number in range(1, extent.rounds + 1):
                for side, done in sides.items():
                    is_last = width == extent.concurrency[-1] and number == extent.rounds
                    file = profile if is_last and side == PRODUCT else None
                    seen = await _measure(ground, side, width, extent, file)
                    done.append(seen)
                    tell(f"{width} at once, round {number}, {side}: {rate(seen)}")
    return {
        "benchmark": "run",
        "machine": machine,
        "extent": asdict(extent),
        "concurrency": {str(width): _sides(sides) for width, sides in found.items()},
    }


def rate(seen: Seen) -> str:
    """The rate as people read it."""
    return f"{seen.executions_per_s:,.0f} executions/s"


async def _measure(
    ground: Ground, side: str, width: int, extent: Extent, profile: str | None
) -> Seen:
    processes = extent.processes if side == PRODUCT else 1
    partitions = [
        [number * PARTITIONS_EACH + p for p in range(PARTITIONS_EACH)]
        for number in range(processes)
    ]
    async with open_place(ground) as place:
        return await measure_loads(place, side, partitions, width, extent, profile)


async def measure_loads(
    place: Place,
    side: str,
    partitions: Sequence[Sequence[int]],
    width: int,
    extent: Extent,
    profile: str | None = None,
) -> Seen:
    """Run a process for each list of partitions, ``width`` executions at once in all.

    They are looked at for ``extent.seconds``.
    """
    workflow = await House(place.platform).register(three_steps(extent.inputs))
    programs = {}
    for number, owned in enumerate(partitions, start=1):
        load = Load(
            side=side,
            workflow=str(workflow.id),
            partitions=owned,
            width=max(1, width // len(partitions)),
        )
        programs[f"{side}_{number}"] = (orjson.dumps(asdict(load)).decode(),)
    python: Sequence[str] = ("-m", "tests.benchmarks.loaded")
    if profile is not None:
        python = ("-m", "pyinstrument", "-o", profile, *python)
    async with running(programs, place.environment(), python) as watched:
        seen = await _looked_at(place, watched, extent)
    said = watched.said.values()
    return Seen(
        **seen,
        ended=round(sum(told["executions"] for told in said)),
        steps=round(sum(told["steps"] for told in said)),
        completed=await place.completed(),
    )


async def _looked_at(place: Place, watched: Running, extent: Extent) -> Mapping[str, Any]:
    await watched.ask()
    await asyncio.sleep(extent.warm_up_s)
    said, before = await watched.ask(), await read_costs(place, watched)
    await asyncio.sleep(extent.seconds)
    told, after = await watched.ask(), await read_costs(place, watched)
    ended = {n: told[n]["executions"] - said[n]["executions"] for n in said}
    executions = round(sum(ended.values()))
    if not executions:
        raise RuntimeError("No execution ended while it was measured.")
    return {
        "executions_per_s": sum(ended[n] / (told[n]["at_s"] - said[n]["at_s"]) for n in said),
        "cost": cost_of(before, after, executions=executions, steps=executions * len(STEPS)),
    }


def _sides(sides: Mapping[str, Sequence[Seen]]) -> Mapping[str, Any]:
    return {
        **{f"of_{floor}": paired(sides[PRODUCT], sides[floor]) for floor in (FLOOR, FLOOR_AT_ONCE)},
        **{side: shown(rounds) for side, rounds in sides.items()},
    }


def paired(rounds: Sequence[Seen], others: Sequence[Seen]) -> float:
    """The median of the ratios of rates, round by round: the machine's own speed wanders."""
    pairs = zip(rounds, others, strict=True)
    return median(r.executions_per_s / o.executions_per_s for r, o in pairs)


def shown(rounds: Sequence[Seen]) -> Mapping[str, Any]:
    """The median of each figure, and the rounds."""
    found = [asdict(seen) for seen in rounds]
    measured = [{"executions_per_s": f["executions_per_s"], **f["cost"]} for f in found]
    return {**medians(measured), "rounds": found}
