"""``turnout schedule list``."""

from typing import Any

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = ("id", "workflow_id", "execution_id", "step_id", "kind", "value", "timezone", "next_at")


@click.command("list", epilog=example("turnout schedule list --json"))
@click.option("--workflow", type=click.UUID, help="Only those of this workflow and its steps.")
@click.option("--execution", type=click.UUID, help="Only those that this execution has set up.")
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """List the schedules of workflows and of steps, the next one that is due first."""
    query = {f"{name}_id": value for name, value in given.items()}
    show_listed(_SHOWN, listed(url, token, "v1/schedules", limit, **query), as_json=as_json)
