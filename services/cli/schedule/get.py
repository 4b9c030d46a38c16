"""``turnout schedule get``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import show_fields, write_json


@click.command(epilog=example("turnout schedule get 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"))
@click.argument("schedule_id", type=click.UUID)
@api_options
def get(schedule_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Show the schedule SCHEDULE_ID: when it is due, what it started last, what it passed over."""
    found = ask(url, token, "GET", f"v1/schedules/{schedule_id}").body
    if as_json:
        write_json(found)
    else:
        show_fields(found)
