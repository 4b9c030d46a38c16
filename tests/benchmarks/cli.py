"""``turnout bench``: programs that measure; docs/benchmarks/README.md explains their figures."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import click
import uvloop

from services.cli.present import show_rows, write_json
from shared.runtime.settings import LogSettings
from shared.runtime.telemetry import configure_logging
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

    def tell(line: str) -> None:
        click.echo(line, err=True)

    configure_logging(LogSettings(level="WARNING", format="console"))
    found = uvloop.run(measure_pipeline(extent, shapes, tell))
    if as_json:
        write_json(found)
    else:
        sides = found["sides"].values()
        rows = [(title, *(figure(side) for side in sides)) for title, figure in _FIGURES.items()]
        show_rows(("", *found["sides"]), rows)


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


def _pair(ms: Mapping[str, float]) -> str:
    return f"{ms['p50']:.1f}, {ms['p99']:.1f}"
