"""Two processes on two partitions, against one that has both."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from tests.benchmarks import durable, rounds
from tests.benchmarks.costs import medians
from tests.benchmarks.ground import Ground, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.pipeline import ROLES, SERVERS

CPU_MAX: Final = 1.1
ONE: Final = "one"
TWO: Final = "two"
_OWNED: Final[Mapping[str, Sequence[Sequence[int]]]] = {ONE: [[0, 1]], TWO: [[0], [1]]}
_WHOLE: Final[Mapping[str, rounds.Programs]] = {
    ONE: {"turnout_1": ROLES},
    TWO: {"turnout_1": ROLES, "turnout_2": ROLES},
}

Found = dict[str, Any]
"""What one side did in one round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured.

    Executors alone: for ``seconds``, at a ``concurrency``. ``whole``: processes that play all
    roles, over Kafka, in a burst of ``events``.
    """

    rounds: int
    seconds: float
    concurrency: int
    whole: bool
    events: int


FULL: Final = Extent(rounds=5, seconds=5.0, concurrency=512, whole=False, events=10_000)
QUICK: Final = Extent(rounds=1, seconds=0.4, concurrency=64, whole=False, events=200)


async def measure_scale(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Measure one process and two by turns; gives JSON as docs/benchmarks/README.md explains it."""
    measure = _measure_whole if extent.whole else _measure_executors
    found: dict[str, list[Found]] = {ONE: [], TWO: []}
    async with observed(tell) as machine, open_ground(with_kafka=extent.whole) as ground:
        for number in range(1, extent.rounds + 1):
            for side, done in found.items():
                done.append(await measure(ground, side, extent))
                tell(
                    f"round {number}, {side}: {done[-1]['executions_per_s']:,.0f} executions/s,"
                    f" {done[-1]['turnout_cpu_s_per_1000']:.3f} CPU-s per 1,000"
                )
    cpu_of_one = _of_one(found, "turnout_cpu_s_per_1000")
    return {
        "benchmark": "scale",
        "machine": machine,
        "extent": asdict(extent),
        "throughput_of_one": _of_one(found, "executions_per_s"),
        "cpu_of_one": cpu_of_one,
        "all_cpu_of_one": _of_one(found, "all_cpu_s_per_1000"),
        "marks": {"cpu_within_a_tenth": cpu_of_one <= CPU_MAX},
        "sides": {side: {**medians(done), "rounds": done} for side, done in found.items()},
    }


def _of_one(found: Mapping[str, Sequence[Found]], figure: str) -> float:
    pairs = zip(found[TWO], found[ONE], strict=True)
    ratios: list[float] = [two[figure] / one[figure] for two, one in pairs]
    return median(ratios)


async def _measure_executors(ground: Ground, side: str, extent: Extent) -> Found:
    async with open_place(ground) as place:
        seen = await durable.measure_loads(
            place,
            durable.PRODUCT,
            _OWNED[side],
            extent.concurrency,
            durable.Extent(
                rounds=1,
                seconds=extent.seconds,
                warm_up_s=durable.FULL.warm_up_s,
                concurrency=(extent.concurrency,),
                processes=len(_OWNED[side]),
                inputs=durable.FULL.inputs,
            ),
        )
    return _found(executions_per_s=seen.executions_per_s, **asdict(seen.cost))


async def _measure_whole(ground: Ground, side: str, extent: Extent) -> Found:
    done = await rounds.measure_round(
        ground,
        _WHOLE[side],
        rounds.Extent(
            steps=3,
            rounds=1,
            events=extent.events,
            warm_up=extent.events // 10,
            latency_per_s=20,
            latency_for_s=1,
        ),
        owners=len(_WHOLE[side]),
    )
    return _found(**asdict(done.burst))


def _found(*, cpu_s_per_1000: Mapping[str, float], **figures: Any) -> Found:
    turnout = sum(s for name, s in cpu_s_per_1000.items() if name not in SERVERS)
    return {
        **figures,
        "turnout_cpu_s_per_1000": turnout,
        "all_cpu_s_per_1000": sum(cpu_s_per_1000.values()),
        **{f"{n}_cpu_s_per_1000": cpu_s_per_1000[n] for n in SERVERS if n in cpu_s_per_1000},
    }
