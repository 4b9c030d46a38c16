"""``turnout schedule next``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import show_listed


@click.command(
    "next", epilog=example("turnout schedule next 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b --count 3")
)
@click.argument("schedule_id", type=click.UUID)
@click.option(
    "--count", type=click.IntRange(1, 100), default=10, show_default=True, help="How many times."
)
@api_options
def next_(schedule_id: UUID, *, count: int, url: str, token: str | None, as_json: bool) -> None:
    """Show when the schedule SCHEDULE_ID is due next, and when it starts something then."""
    path = f"v1/schedules/{schedule_id}/next"
    found = ask(url, token, "GET", path, query={"count": count}).body
    show_listed(("at", "run_at"), found["items"], as_json=as_json)
