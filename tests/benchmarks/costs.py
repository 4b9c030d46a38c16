"""What executions cost: processor time, write-ahead log, commits."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.benchmarks.ground import Counters, Place
from tests.benchmarks.processes import Running
from tests.benchmarks.rounds import used


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """By execution or step; ``cpu_s_per_1000`` executions by process, ``postgres``, ``kafka``."""

    cpu_s_per_1000: Mapping[str, float]
    all_cpu_s_per_1000: float
    wal_bytes_per_execution: float
    commits_per_1000_steps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The counters at an instant."""

    at_s: float
    cpu_s: Mapping[str, float]
    postgres: Counters


async def read_costs(place: Place, watched: Running) -> Reading:
    """The counters now."""
    cpu_s = used(place.ground, watched)
    return Reading(at_s=time.monotonic(), cpu_s=cpu_s, postgres=await place.counters())


def cost_of(before: Reading, after: Reading, *, executions: int, steps: int) -> Cost:
    """What ``executions``, of ``steps`` steps in all, used between two readings."""
    cpu = {n: 1000 * (after.cpu_s[n] - before.cpu_s[n]) / executions for n in before.cpu_s}
    transactions = after.postgres.transactions - before.postgres.transactions
    return Cost(
        cpu_s_per_1000=cpu,
        all_cpu_s_per_1000=sum(cpu.values()),
        wal_bytes_per_execution=(after.postgres.wal_bytes - before.postgres.wal_bytes) / executions,
        commits_per_1000_steps=1000 * transactions / steps,
    )


def medians(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The median of every number, wherever it stands in the rounds' common shape.

    Of rounds without it (None) none counts; what is no number is taken from the first round.
    """
    return {name: _median([found[name] for found in rounds]) for name in rounds[0]}


def _median(rounds: Sequence[Any]) -> Any:
    found = [one for one in rounds if one is not None]
    if not found:
        return None
    first = found[0]
    if isinstance(first, Mapping):
        return medians(found)
    if isinstance(first, int | float) and not isinstance(first, bool):
        return median(found)
    return first


def quotients(found: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Every number of ``found`` by the one that stands there in ``base``; see ``quotient``."""
    return {
        name: quotients(one, base[name]) if isinstance(one, Mapping) else quotient(one, base[name])
        for name, one in found.items()
    }


def quotient(found: float, base: float) -> float | None:
    """The one by the other; None where that is zero."""
    return found / base if base else None


def spread_ms(seconds: Iterable[float]) -> Mapping[str, float]:
    """Percentiles in milliseconds, by nearest rank."""
    found = sorted(seconds)
    ranks = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
    return {
        name: 1000 * found[min(len(found) - 1, int(len(found) * rank))]
        for name, rank in ranks.items()
    }
