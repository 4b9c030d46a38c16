"""Events through Kafka, match, an execution, results on Kafka; beside the bare loop."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import median, quantiles
from typing import Any, Final

from tests.benchmarks.ground import PARTITIONS, open_ground
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.rounds import Extent, Programs, Round, measure_round

ROLES: Final = ("trigger-ingest", "matcher", "executor", "scheduler")
PRODUCT: Final[Mapping[str, Programs]] = {
    "one_process": {"turnout": ROLES},
    "process_per_role": {role: (role,) for role in ROLES},
}
FLOORS: Final[Mapping[int, Programs]] = {n: {"floor": ("floor", str(n))} for n in (1, 3)}
SERVERS: Final = ("postgres", "kafka")

FULL: Final = Extent(
    steps=3, rounds=3, events=20_000, warm_up=1_000, latency_per_s=50, latency_for_s=5
)
QUICK: Final = Extent(steps=3, rounds=1, events=500, warm_up=100, latency_per_s=50, latency_for_s=1)


async def measure_pipeline(
    extent: Extent, shapes: Mapping[str, Programs], tell: Tell
) -> Mapping[str, Any]:
    """Measure the product in each of ``shapes``, and the floor, by turns, round by round.

    Gives JSON as docs/benchmarks/README.md explains it.
    """
    sides = {**shapes, "floor": FLOORS[extent.steps]}
    rounds: dict[str, list[Round]] = {name: [] for name in sides}
    async with observed(tell) as machine, open_ground() as ground:
        for number in range(1, extent.rounds + 1):
            for name, programs in sides.items():
                done = await measure_round(ground, programs, extent)
                rounds[name].append(done)
                tell(f"round {number}, {name}: {done.burst.executions_per_s:,.0f} executions/s")
    medians = {name: _medians(done) for name, done in rounds.items()}
    floor = medians["floor"]
    return {
        "benchmark": "pipeline",
        "machine": machine,
        "extent": {**asdict(extent), "partitions": PARTITIONS},
        "sides": {
            name: {
                "of_floor": _paired(rounds[name], rounds["floor"]),
                "of_floor_by_cpu": floor["all_cpu_s_per_1000"] / found["all_cpu_s_per_1000"],
                **found,
            }
            for name, found in medians.items()
        },
    }


def _paired(rounds: Sequence[Round], floor: Sequence[Round]) -> float:
    """The median of the ratios round by round: the machine's own speed wanders between rounds."""
    return median(
        r.burst.executions_per_s / f.burst.executions_per_s
        for r, f in zip(rounds, floor, strict=True)
    )


def _medians(rounds: Sequence[Round]) -> dict[str, Any]:
    bursts = [r.burst for r in rounds]
    python = [sum(s for name, s in b.cpu_s_per_1000.items() if name not in SERVERS) for b in bursts]
    return {
        "executions_per_s": median(b.executions_per_s for b in bursts),
        "cpu_s_per_1000": _medians_of(b.cpu_s_per_1000 for b in bursts),
        "python_cpu_s_per_1000": median(python),
        "all_cpu_s_per_1000": median(sum(b.cpu_s_per_1000.values()) for b in bursts),
        "wal_bytes_per_execution": median(b.wal_bytes_per_execution for b in bursts),
        "commits_per_1000_steps": median(b.commits_per_1000_steps for b in bursts),
        "step_began_ms": _medians_of(_p50_p99(r.step_began_s) for r in rounds),
        "result_seen_ms": _medians_of(_p50_p99(r.result_seen_s) for r in rounds),
        "rounds": [_shown(r) for r in rounds],
    }


def _shown(found: Round) -> dict[str, Any]:
    return {
        **asdict(found.burst),
        "step_began_ms": _p50_p99(found.step_began_s),
        "result_seen_ms": _p50_p99(found.result_seen_s),
        "completed": found.completed,
        "published_steps": found.published_steps,
        "published_phases": found.published_phases,
        "counters": found.counters,
        "load_average": found.load_average,
    }


def _medians_of(figures: Iterable[Mapping[str, float]]) -> Mapping[str, float]:
    found = list(figures)
    return {name: median(f[name] for f in found) for name in found[0]}


def _p50_p99(seconds: Sequence[float]) -> Mapping[str, float]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {"p50": 1000 * cuts[49], "p99": 1000 * cuts[98]}
