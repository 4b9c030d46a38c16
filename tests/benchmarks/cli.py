"""``turnout bench``: programs that measure; docs/benchmarks/README.md explains their figures."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
import uvloop

from services.cli.options import json_option
from services.cli.present import show_rows, write_json
from shared.runtime.settings import LogSettings
from shared.runtime.telemetry import configure_logging
from tests.benchmarks import (
    api,
    deliveries,
    durable,
    idle,
    latency,
    match,
    neighbours,
    parked,
    pipeline,
    pressure,
    report,
    scale,
    webhooks,
)
from tests.benchmarks.tables import table_of
from tests.benchmarks.three_steps import INPUTS

F = TypeVar("F", bound=Callable[..., Any])

_SECONDS = click.FloatRange(0.1, 600)
_EVENTS = click.IntRange(100, 1_000_000)


def _option(name: str, kind: click.ParamType[Any], default: Any, text: str) -> Callable[[F], F]:
    return click.option(name, type=kind, default=default, show_default=True, help=text)


def _rounds(default: int) -> Callable[[F], F]:
    return _option("--rounds", click.IntRange(1, 100), default, "Of each side, by turns.")


_bus = click.option(
    "--bus", type=click.Choice(["kafka", "local"]), default="kafka", show_default=True,
    help="kafka needs Java and Maven.",
)  # fmt: skip
_quick = click.option(
    "--quick", is_flag=True, help="One very short round: shows that it runs, measures nothing."
)


@click.group()
def bench() -> None:
    """Measure Turnout on this machine."""


@bench.command("run")
@json_option
@_rounds(durable.FULL.rounds)
@_option("--seconds", _SECONDS, durable.FULL.seconds, "Measured in each round.")
@click.option(
    "--concurrency", type=click.IntRange(1, 100_000), multiple=True,
    default=durable.FULL.concurrency, show_default=True, help="May be given more than once.",
)  # fmt: skip
@_option("--processes", click.IntRange(1, 16), 1, "Executors, each with partitions of its own.")
@_option("--inputs", click.Choice(list(INPUTS)), durable.FULL.inputs, "What the steps compute.")
@click.option("--profile", metavar="FILE", help="Where pyinstrument writes; .html, .txt, ….")
@_quick
def run_(*, as_json: bool, quick: bool, profile: str | None, **given: Any) -> None:
    """Three-step executions without Kafka, beside bare loops of group commits."""
    extent = durable.QUICK if quick else replace(durable.FULL, **given)
    _measure(durable.measure_run(extent, _tell, profile), as_json=as_json)


@bench.command("pipeline")
@json_option
@_rounds(pipeline.FULL.rounds)
@_option("--events", _EVENTS, pipeline.FULL.events, "In each round.")
@click.option("--steps", type=click.Choice([1, 3]), default=3, show_default=True)
@_option(
    "--shape", click.Choice(["all", *pipeline.PRODUCT]), "all",
    "How the roles are spread over processes.",
)  # fmt: skip
@_quick
def pipeline_(*, as_json: bool, quick: bool, shape: str, **given: Any) -> None:
    """Events through Kafka to results on Kafka, beside a bare loop. Needs Java and Maven."""
    extent = pipeline.QUICK if quick else replace(pipeline.FULL, **given)
    product = pipeline.PRODUCT
    names = ["one_process"] if quick else list(product) if shape == "all" else [shape]
    shapes = {name: product[name] for name in names}
    _measure(pipeline.measure_pipeline(extent, shapes, _tell), as_json=as_json)


@bench.command("latency")
@json_option
@_rounds(latency.FULL.rounds)
@_option("--seconds", _SECONDS, latency.FULL.seconds, "At each share of the measured rate.")
@_option("--burst", _EVENTS, latency.FULL.burst, "Events that tell the rate.")
@_option(
    "--bus", click.Choice(["kafka", "local"]), latency.FULL.bus,
    "kafka needs Java and Maven; local has no floor.",
)  # fmt: skip
@_quick
def latency_(*, as_json: bool, quick: bool, **given: Any) -> None:
    """How long an event waits for its first step, a step for the next, a consumer for the result.

    Open loop: unloaded, and at 10, 50 and 80 % of the rate that was measured just before.
    """
    quickly = replace(latency.QUICK, bus=given["bus"])
    extent = quickly if quick else replace(latency.FULL, **given)
    _measure(latency.measure_latency(extent, _tell), as_json=as_json)


@bench.command("idle")
@json_option
@_rounds(idle.FULL.rounds)
@_option("--seconds", _SECONDS, idle.FULL.seconds, "Looked at in each round.")
@_quick
def idle_(*, as_json: bool, quick: bool, **given: Any) -> None:
    """All roles with nothing to do: processor time, wakeups, statements. Needs Java and Maven."""
    extent = idle.QUICK if quick else replace(idle.FULL, **given)
    _measure(idle.measure_idle(extent, _tell), as_json=as_json)


@bench.command("scale")
@json_option
@_rounds(scale.FULL.rounds)
@_option("--seconds", _SECONDS, scale.FULL.seconds, "Measured in each round.")
@_option("--concurrency", click.IntRange(2, 100_000), scale.FULL.concurrency, "At once, in all.")
@click.option("--whole", is_flag=True, help="All roles over Kafka; needs Java and Maven.")
@_option("--events", _EVENTS, scale.FULL.events, "In each round, with --whole.")
@_quick
def scale_(*, as_json: bool, quick: bool, **given: Any) -> None:
    """Two executors on two partitions, against one that has both."""
    quickly = replace(scale.QUICK, whole=given["whole"])
    extent = quickly if quick else replace(scale.FULL, **given)
    _measure(scale.measure_scale(extent, _tell), as_json=as_json)


@bench.command("parked")
@json_option
@_rounds(parked.FULL.rounds)
@_option(
    "--count", click.IntRange(1_000, 10_000_000), parked.FULL.count,
    "Executions that sleep for 30 days.",
)  # fmt: skip
@_option(
    "--due", click.IntRange(100, 50_000), parked.FULL.due, "Executions that wake in one instant."
)
@_option("--bus", click.Choice(["local", "kafka"]), "local", "kafka needs Java and Maven.")
@_quick
def parked_(*, as_json: bool, quick: bool, bus: str, **given: Any) -> None:
    """Sleeping executions: how fast they are parked, the executor's memory, how they wake."""
    extent = parked.QUICK if quick else replace(parked.FULL, **given)
    found = parked.measure_parked(extent, with_kafka=bus == "kafka", tell=_tell)
    _measure(found, as_json=as_json)


@bench.command("pressure")
@json_option
@_option("--seconds", _SECONDS, pressure.FULL.seconds, "Of the flood; to catch up takes longer.")
@_option("--times", click.FloatRange(1, 100), pressure.FULL.times, "The measured capacity.")
@_bus
@_quick
def pressure_(*, as_json: bool, quick: bool, **given: Any) -> None:
    """Ten times as many events as can be executed: memory, lag, and whether all are caught up."""
    quickly = replace(pressure.QUICK, bus=given["bus"])
    extent = quickly if quick else replace(pressure.FULL, **given)
    _measure(pressure.measure_pressure(extent, _tell), as_json=as_json)


@bench.command("neighbours")
@json_option
@_rounds(neighbours.FULL.rounds)
@_option("--seconds", _SECONDS, neighbours.FULL.seconds, "Of each side.")
@_option("--times", click.FloatRange(0.1, 100), neighbours.FULL.times, "The noise, of capacity.")
@_option("--share", click.FloatRange(0.01, 1), neighbours.FULL.share, "The quota, of capacity.")
@_option(
    "--shape", click.Choice(list(pipeline.PRODUCT)), neighbours.FULL.shape,
    "How the roles are spread over processes.",
)  # fmt: skip
@_bus
@_quick
def neighbours_(*, as_json: bool, quick: bool, **given: Any) -> None:
    """A quiet environment's waiting, alone and beside one that floods."""
    quickly = replace(neighbours.QUICK, bus=given["bus"])
    extent = quickly if quick else replace(neighbours.FULL, **given)
    _measure(neighbours.measure_neighbours(extent, _tell), as_json=as_json)


@bench.command("api")
@json_option
@_rounds(api.FULL.rounds)
@_option("--seconds", _SECONDS, api.FULL.seconds, "Of each side, in each form, in each round.")
@_option("--concurrency", click.IntRange(1, 1_000), api.FULL.concurrency, "Connections.")
@_option("--executions", click.IntRange(1_000, 100_000_000), api.FULL.executions, "In the history.")
@_option("--asked", click.IntRange(1, 100_000), api.FULL.asked, "Each question, in each round.")
@_bus
@_quick
def api_(*, as_json: bool, quick: bool, **given: Any) -> None:
    """Events taken by the API beside bare handlers, and searches among a million executions."""
    quickly = replace(api.QUICK, bus=given["bus"])
    extent = quickly if quick else replace(api.FULL, **given)
    _measure(api.measure_api(extent, _tell), as_json=as_json)


@bench.command("webhooks")
@json_option
@_rounds(webhooks.FULL.rounds)
@_option("--seconds", _SECONDS, webhooks.FULL.seconds, "Of each side, in each round.")
@_option("--per-s", click.FloatRange(1, 10_000), webhooks.FULL.per_s, "Deliveries.")
@_bus
@_quick
def webhooks_(*, as_json: bool, quick: bool, **given: Any) -> None:
    """Deliveries of webhooks until they are durable, signed or not, beside a bare handler."""
    quickly = replace(webhooks.QUICK, bus=given["bus"])
    extent = quickly if quick else replace(webhooks.FULL, **given)
    _measure(webhooks.measure_webhooks(extent, _tell), as_json=as_json)


@bench.command("deliveries")
@json_option
@_rounds(deliveries.FULL.rounds)
@_option("--deliveries", _EVENTS, deliveries.FULL.deliveries, "At once, in each round.")
@_option("--subscriptions", click.IntRange(1, 1_000), deliveries.FULL.subscriptions, "In all.")
@_option("--seconds", _SECONDS, deliveries.FULL.seconds, "Of what comes unloaded.")
@_bus
@_quick
def deliveries_(*, as_json: bool, quick: bool, **given: Any) -> None:
    """Outgoing webhooks: how many, at what cost and how soon, beside a bare loop of posts."""
    quickly = replace(deliveries.QUICK, bus=given["bus"])
    extent = quickly if quick else replace(deliveries.FULL, **given)
    _measure(deliveries.measure_deliveries(extent, _tell), as_json=as_json)


@bench.command("match")
@json_option
@_rounds(match.FULL.rounds)
@_option("--events", _EVENTS, match.FULL.events, "In each round.")
@click.option(
    "--counts", type=click.IntRange(1, 10_000_000), multiple=True, default=match.FULL.counts,
    show_default=True, help="How many workflows. May be given more than once.",
)  # fmt: skip
@click.option(
    "--cases", type=click.Choice(match.FULL.cases), multiple=True, default=match.FULL.cases,
    help="Kinds of conditions; all of them, unless given.",
)  # fmt: skip
@_quick
def match_(*, as_json: bool, quick: bool, **given: Any) -> None:
    """One event among 1, 1,000, 10,000 and 100,000 workflows, beside asking each of them."""
    extent = match.QUICK if quick else replace(match.FULL, **given)
    _measure(match.measure_match(extent, _tell), as_json=as_json)


@bench.command("report")
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_option(
    "--into",
    click.Path(path_type=Path),
    "docs/benchmarks",
    "Where report.md, peers.md and their plots go.",
)
def report_(*, folders: tuple[Path, ...], into: Path) -> None:
    """Render the JSON that the commands have said, from files in FOLDERS, as pages."""
    click.echo(report.write_report(folders, into))


def _measure(found: Coroutine[Any, Any, Mapping[str, Any]], *, as_json: bool) -> None:
    configure_logging(LogSettings(level="WARNING", format="console"))
    document = uvloop.run(found)
    if as_json:
        write_json(document)
    else:
        show_rows(*table_of(document))


def _tell(line: str) -> None:
    click.echo(line, err=True)
