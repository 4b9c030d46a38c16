"""``turnout schedule list``."""

from collections.abc import Mapping
from typing import Any

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json

_SHOWN = ("id", "workflow_id", "execution_id", "step_id", "kind", "value", "timezone", "next_at")


@click.command("list", epilog=example("turnout schedule list --json"))
@click.option("--workflow", type=click.UUID, help="Only those of this workflow and its steps.")
@click.option("--execution", type=click.UUID, help="Only those that this execution has set up.")
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """List the schedules of workflows and of steps, the next one that is due first."""
    query = {f"{name}_id": value for name, value in given.items()}
    schedules = listed(url, token, "v1/schedules", limit, **query)
    if as_json:
        write_json(schedules)
    else:
        show_rows(
            (*_SHOWN, "state"), [[*(s[field] for field in _SHOWN), _state(s)] for s in schedules]
        )


def _state(schedule: Mapping[str, Any]) -> str:
    if schedule["pause"] is not None:
        return "paused"
    return "resting" if schedule["is_resting"] else "on"
