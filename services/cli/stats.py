"""``turnout stats``."""

from typing import Any
from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, show_fields, show_rows, write_json


@click.command(
    epilog=example(
        "turnout stats",
        "turnout stats --from 2026-11-15T00:00:00Z --to 2026-11-22T00:00:00Z --json",
    )
)
@click.option("--from", "from_", help="Since this time; else since 24 hours before the end.")
@click.option("--to", help="Until this time, at most 31 days later; else until now.")
@click.option("--workflow", type=click.UUID, help="Only the executions of this workflow.")
@api_options
def stats(
    *,
    from_: str | None,
    to: str | None,
    workflow: UUID | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Show how many executions started, how they ended and how long they took; events, waits."""
    query = {"from": from_, "to": to, "workflow_id": workflow}
    told = ask(url, token, "GET", "v1/stats", query=query).body
    if as_json:
        write_json(told)
        return
    _show(told)
    if told["too_slow"]:
        say(f"Took too long to count: {', '.join(told['too_slow'])}. Choose a shorter span.")
    if told["cut"]:
        say(f"Only the first 50 are shown of: {', '.join(told['cut'])}.")


def _show(told: dict[str, Any]) -> None:
    show_fields(
        {
            "from": told["from_at"],
            "to": told["to_at"],
            "started": told["started"] and sum(told["started"].values()),
            "ended": told["ended"],
            **{f"completed within, {k}": v for k, v in (told["durations"] or {}).items()},
        }
    )
    counts = ("started", "completed", "failed", "cancelled", "expired", "under_way")
    show_rows(
        ("workflow", "name", *(name.replace("_", " ") for name in counts), "p50 ms", "p99 ms"),
        [
            (
                *(w["workflow_id"], w["name"]),
                *(w[name] for name in counts),
                *((w["durations"] or {}).get(name) for name in ("p50_ms", "p99_ms")),
            )
            for w in told["workflows"] or ()
        ],
    )
    for title, columns, rows in (
        ("events", ("event", "count"), told["events"]),
        ("dead letters", ("reason", "count"), told["dead_letters"]),
        ("waits", ("kind", "count", "oldest_at"), told["waits"]),
    ):
        if rows:
            show_rows(columns, [[row[name] for name in columns] for row in rows], title=title)
