"""``turnout schedule backfill``."""

from typing import Any
from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, show_rows, write_json


@click.command(
    epilog=example(
        "turnout schedule backfill 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"
        " --from 2026-11-20T00:00:00Z --to 2026-11-22T00:00:00Z --yes"
    )
)
@click.argument("schedule_id", type=click.UUID)
@click.option("--from", "from_", required=True, help="Due at this time or later.")
@click.option("--to", help="Due at this time or before; up to now if left out.")
@click.option("--yes", is_flag=True, help="Do it; without this it is only shown.")
@api_options
def backfill(
    schedule_id: UUID, *, url: str, token: str | None, as_json: bool, **given: Any
) -> None:
    """Start what the schedule SCHEDULE_ID missed in a span of time.

    What it has started before is not started once more, however often this is asked for.
    """
    body = {"from": given["from_"], "to": given["to"], "preview": not given["yes"]}
    found = ask(url, token, "POST", f"v1/schedules/{schedule_id}/backfill", body=body).body
    if as_json:
        write_json(found)
        return
    rows = [
        (run["at"], run["execution_id"], what)
        for what, runs in (("missed", found["missed"]), ("fired before", found["fired"]))
        for run in runs
    ]
    show_rows(("at", "execution_id", "what"), sorted(rows))
    start = "start now." if given["yes"] else "would start; add --yes."
    say(f"{len(found['missed'])} {start}")
