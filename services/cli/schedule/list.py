"""``turnout schedule list``."""

import asyncio
from typing import Any

import click

from services.cli.client import open_client
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

    async def fetch() -> list[Any]:
        async with open_client(url, token) as client:
            return await client.items("v1/schedules", limit, **query)

    found = asyncio.run(fetch())
    if as_json:
        write_json(found)
    else:
        show_rows(_SHOWN, [[one[field] for field in _SHOWN] for one in found])
