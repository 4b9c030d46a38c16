"""Matching: how much an event costs with one workflow, and with very many."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from tests.benchmarks.costs import medians
from tests.benchmarks.ground import open_ground
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.match_cases import CASES


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Which cases, with how many workflows, by how many events, how often."""

    rounds: int
    events: int
    counts: Sequence[int]
    cases: Sequence[str]


FULL: Final = Extent(
    rounds=3, events=20_000, counts=(1, 1_000, 10_000, 100_000), cases=tuple(CASES)
)
QUICK: Final = Extent(rounds=1, events=200, counts=(1, 100), cases=("equality", "presence"))


async def measure_match(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Match in a process of its own for each case and number of workflows, by turns.

    In another one, as many are read from Postgres. Gives JSON as docs/benchmarks/README.md
    explains it.
    """
    found: dict[str, dict[str, list[Mapping[str, Any]]]] = {
        case: {f"{count:,}": [] for count in extent.counts} for case in extent.cases
    }
    async with observed(tell) as machine, open_ground(with_kafka=False) as ground:
        for number in range(1, extent.rounds + 1):
            for case, by_count in found.items():
                for count, rounds in zip(extent.counts, by_count.values(), strict=True):
                    rounds.append(
                        await _said_by("match_one", case, count, extent.events)
                        | await _said_by("match_live", case, count, given=ground.dsn)
                    )
                    tell(f"round {number}, {case}, {count:,}: {_told(rounds[-1])}")
    return {
        "benchmark": "match",
        "machine": machine,
        "extent": asdict(extent),
        "cases": {
            case: {
                "says": CASES[case].says,
                "workflows": {
                    count: {**medians(rounds), "rounds": rounds}
                    for count, rounds in by_count.items()
                },
            }
            for case, by_count in found.items()
        },
    }


def _told(found: Mapping[str, Any]) -> str:
    return (
        f"{found['events_per_cpu_s']:,.0f} events/s, brute force"
        f" {found['brute_events_per_cpu_s']:,.0f}; live after {found['live_s']:.1f} s"
    )


async def _said_by(module: str, *asked: str | int, given: str = "") -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, asked)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(given.encode())
    if process.returncode != 0:
        raise RuntimeError(f"{module} {asked} ended with {process.returncode}")
    found: dict[str, Any] = orjson.loads(said)
    return found
