"""``turnout demo``."""

import asyncio
from typing import Any

import click

from services.cli.demo import act, stage
from services.cli.demo.promises import Account, broken_promises
from services.cli.exits import Exit
from services.cli.options import example, json_option
from services.cli.present import (
    say,
    show_fields,
    show_line,
    show_rows,
    write_json,
)
from services.cli.process.patience import unless
from services.cli.process.running import run
from services.cli.progress import Steps, progress
from shared.runtime.clock import SystemClock


@click.command(epilog=example("turnout demo", "turnout demo --bus kafka --json"))
@click.option(
    "--bus",
    type=click.Choice(["local", "kafka"]),
    default="local",
    show_default=True,
    help="kafka starts Apache Kafka, which needs Java and Maven.",
)
@json_option
@click.pass_context
def demo(ctx: click.Context, *, bus: str, as_json: bool) -> None:
    """Do the main job once, from nothing, and check that it was done.

    Starts everything on free ports, registers a workflow, publishes ten events of which four
    match (one of them twice), runs them against a local receiver, and stops everything. Ends with
    0, or with 1 and what was missing.
    """

    async def main(stop: asyncio.Event) -> Account:
        with progress(stage.STEPS + act.STEPS) as steps:
            return await _perform(bus, steps, stop, as_json=as_json)

    seen = run(main)
    if seen is None:
        ctx.exit(Exit.INTERRUPTED)
    broken = broken_promises(seen)
    if as_json:
        write_json(_document(seen, broken))
    else:
        _show(seen)
    for sentence in broken:
        say(f"Missing: {sentence}")
    ctx.exit(Exit.FAILED if broken else Exit.OK)


async def _perform(bus: str, steps: Steps, stop: asyncio.Event, *, as_json: bool) -> Account:
    clock = SystemClock()
    started = clock.monotonic()
    show = _show_nothing if as_json else _show_result
    async with unless(stop), stage.staged(bus, steps, stop) as staged:
        seen = await act.act(staged, bus, steps, show, started=started, clock=clock)
    return seen  # noqa: RET504 - mypy takes it that the context may swallow errors


def _show_result(result: dict[str, Any]) -> None:
    data = result["data"]
    output = data["output"] or {}
    run_id = (output.get("body") or {}).get("id") if isinstance(output, dict) else None
    came = f"run {run_id}" if run_id else (data["error"] or {}).get("message", "")
    words = (data["execution_id"], data["step_id"], f"attempt {data['attempt']}", data["status"])
    show_line("step result", *words, came)


def _show_nothing(_: dict[str, Any]) -> None:
    """With --json, results are in the one document at the end."""


def _show(seen: Account) -> None:
    show_fields(
        {
            "bus": {"local": "in Postgres", "kafka": "Apache Kafka"}[seen.bus],
            "records published": seen.published,
            "events": len(seen.events),
            "duplicates dropped": seen.duplicates_dropped,
            "matched": seen.matched,
            "executions completed": seen.completed,
            "calls received": len(seen.calls),
            "elapsed": f"{seen.elapsed_s:.1f} s",
        }
    )
    show_rows(
        ("event", "what it is", "decision", "why"),
        [
            (event.id, event.about, decision["reason"], decision["detail"])
            for event in seen.events
            if (decision := seen.decisions.get(event.id)) and not decision["is_match"]
        ],
        title="Why the others started nothing",
    )


def _document(seen: Account, broken: list[str]) -> dict[str, Any]:
    return {
        "ok": not broken,
        "missing": broken,
        "bus": seen.bus,
        "published": seen.published,
        "events": len(seen.events),
        "duplicates_dropped": seen.duplicates_dropped,
        "matched": seen.matched,
        "executions_completed": seen.completed,
        "calls_received": len(seen.calls),
        "elapsed_s": round(seen.elapsed_s, 3),
        "results": list(seen.results),
        "decisions": seen.decisions,
    }
