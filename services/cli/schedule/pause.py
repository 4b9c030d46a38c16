"""``turnout schedule pause`` and ``turnout schedule resume``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(
    epilog=example(
        "turnout schedule pause 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b --note 'until the move'"
    )
)
@click.argument("schedule_id", type=click.UUID)
@click.option("--note", help="Why, for whoever finds it paused.")
@api_options
def pause(
    schedule_id: UUID, *, note: str | None, url: str, token: str | None, as_json: bool
) -> None:
    """Let the schedule SCHEDULE_ID start nothing until it is resumed; what runs goes on."""
    body = {"note": note}
    paused = ask(url, token, "POST", f"v1/schedules/{schedule_id}/pause", body=body).body
    if as_json:
        write_json(paused)
    else:
        say(f"Paused. Let it go on with: turnout schedule resume {schedule_id}")


@click.command(epilog=example("turnout schedule resume 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"))
@click.argument("schedule_id", type=click.UUID)
@api_options
def resume(schedule_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Let the schedule SCHEDULE_ID go on with the next time at which it is due.

    For the times that it missed see: turnout schedule backfill
    """
    resumed = ask(url, token, "POST", f"v1/schedules/{schedule_id}/resume").body
    if as_json:
        write_json(resumed)
    elif resumed["next_at"] is None:
        say(f"Schedule {schedule_id} is never due again, and ends.")
    else:
        say(f"Schedule {schedule_id} goes on at {resumed['run_at']}.")
