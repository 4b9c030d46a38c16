"""``turnout schedule delete``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(epilog=example("turnout schedule delete 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"))
@click.argument("schedule_id", type=click.UUID)
@api_options
def delete(schedule_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """End the schedule SCHEDULE_ID of a step; what it has started goes on."""
    ask(url, token, "DELETE", f"v1/schedules/{schedule_id}")
    if as_json:
        write_json({"id": str(schedule_id), "result": "deleted"})
    else:
        say(f"Schedule {schedule_id} is deleted.")
