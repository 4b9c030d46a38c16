"""``turnout bench``: programs that measure; docs/benchmarks/README.md explains their figures."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import click
import uvloop

from services.cli.present import show_rows, write_json
from shared.runtime.settings import LogSettings
from shared.runtime.telemetry import configure_logging
from tests.benchmarks import parked as parking
from tests.benchmarks.pipeline import FULL, PRODUCT, QUICK, measure_pipeline


@click.group()
def bench() -> None:
    """Measure Turnout on this machine."""


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--rounds", type=click.IntRange(1, 100), default=FULL.rounds, show_default=True)
@click.option(
    "--events", type=click.IntRange(100, 1_000_000), default=FULL.events, show_default=True,
    help="In each round.",
)  # fmt: skip
@click.option(
    "--shape", type=click.Choice(["all", *PRODUCT]), default="all", show_default=True,
    help="How the roles are spread over processes.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="One short round of one process: shows that it runs.")
def pipeline(*, as_json: bool, rounds: int, events: int, shape: str, quick: bool) -> None:
    """Events through Kafka to results on Kafka, beside a bare loop. Needs Java and Maven."""
    extent = QUICK if quick else replace(FULL, rounds=rounds, events=events)
    names = ["one_process"] if quick else list(PRODUCT) if shape == "all" else [shape]
    shapes = {name: PRODUCT[name] for name in names}

    configure_logging(LogSettings(level="WARNING", format="console"))
    found = uvloop.run(measure_pipeline(extent, shapes, _tell))
    if as_json:
        write_json(found)
    else:
        sides = found["sides"].values()
        rows = [(title, *(figure(side) for side in sides)) for title, figure in _FIGURES.items()]
        show_rows(("", *found["sides"]), rows)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--count", type=click.IntRange(1_000, 10_000_000), default=parking.FULL.count,
    show_default=True, help="Executions that sleep for 30 days.",
)  # fmt: skip
@click.option(
    "--due", type=click.IntRange(100, 50_000), default=parking.FULL.due, show_default=True,
    help="Executions that wake in one instant.",
)  # fmt: skip
@click.option(
    "--bus", type=click.Choice(["local", "kafka"]), default="local", show_default=True,
    help="kafka needs Java and Maven.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="A few hundred executions: shows that it runs.")
def parked(*, as_json: bool, count: int, due: int, bus: str, quick: bool) -> None:
    """Sleeping executions: how fast they are parked, the executor's memory, how they wake."""
    extent = parking.QUICK if quick else replace(parking.FULL, count=count, due=due)
    configure_logging(LogSettings(level="WARNING", format="console"))
    found = uvloop.run(parking.measure_parked(extent, with_kafka=bus == "kafka", tell=_tell))
    if as_json:
        write_json(found)
    else:
        show_rows(("", ""), [(title, figure(found)) for title, figure in _PARKED.items()])


_FIGURES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "executions/s": lambda side: f"{side['executions_per_s']:,.0f}",
    "of the floor": lambda side: f"{side['of_floor']:.0%}",
    "of the floor, by CPU": lambda side: f"{side['of_floor_by_cpu']:.0%}",
    "CPU-s per 1,000: Python": lambda side: f"{side['python_cpu_s_per_1000']:.3f}",
    "CPU-s per 1,000: Postgres": lambda side: f"{side['cpu_s_per_1000']['postgres']:.3f}",
    "CPU-s per 1,000: Kafka": lambda side: f"{side['cpu_s_per_1000']['kafka']:.3f}",
    "WAL bytes an execution": lambda side: f"{side['wal_bytes_per_execution']:,.0f}",
    "commits per 1,000": lambda side: f"{side['commits_per_1000']:.1f}",
    "step began, ms (p50, p99)": lambda side: _pair(side["step_began_ms"]),
    "result seen, ms (p50, p99)": lambda side: _pair(side["result_seen_ms"]),
}


_PARKED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "parked, executions/s": lambda found: f"{found['parked_per_s']:,.0f}",
    "of those that do not sleep": lambda found: f"{found['of_awake']:.0%}",
    "WAL bytes each": lambda found: f"{found['parking']['wal_bytes_each']:,.0f}",
    "table bytes each": lambda found: f"{sum(found['parking']['table_bytes_each'].values()):,.0f}",
    "executor's memory, MiB (before, peak, after)": lambda found: _mebibytes(
        found["parking"]["resident_bytes"], "before", "peak", "after"
    ),
    "grew by at most 50 MiB": lambda found: _yes(found["marks"]["memory_is_flat"]),
    "resumed, s after due (p50, p99, max)": lambda found: _seconds(found["due"]["resumed_s"]),
    "completed, s after due (p50, p99, max)": lambda found: _seconds(found["due"]["completed_s"]),
    "all completed, s after due": lambda found: f"{found['due']['all_completed_s']:.2f}",
    "all resumed, completed within 5 s": lambda found: ", ".join(
        _yes(found["marks"][mark]) for mark in ("resumed_in_time", "completed_in_time")
    ),
    "restart, s (over none, over parked)": lambda found: (
        f"{found['restart']['over_none_s']:.2f}, {found['restart']['over_parked_s']:.2f}"
    ),
}


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _mebibytes(found: Mapping[str, float], *names: str) -> str:
    return ", ".join(f"{found[name] / 2**20:,.0f}" for name in names)


def _seconds(found: Mapping[str, float]) -> str:
    return ", ".join(f"{found[name]:.2f}" for name in ("p50", "p99", "max"))


def _yes(holds: bool) -> str:  # noqa: FBT001
    return "yes" if holds else "NO"


def _pair(ms: Mapping[str, float]) -> str:
    return f"{ms['p50']:.1f}, {ms['p99']:.1f}"
