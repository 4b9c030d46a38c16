"""``turnout execution get``."""

import asyncio
from typing import Any
from uuid import UUID

import click

from services.cli.client import open_client
from services.cli.execution.attempts import get_whole, row
from services.cli.options import api_options, example
from services.cli.present import show_fields, show_rows, write_json


@click.command(epilog=example("turnout execution get 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10"))
@click.argument("execution_id", type=click.UUID)
@api_options
def get(execution_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Show the execution EXECUTION_ID with its attempts."""

    async def fetch() -> dict[str, Any]:
        async with open_client(url, token) as client:
            return await get_whole(client, str(execution_id))

    found = asyncio.run(fetch())
    if as_json:
        write_json(found)
        return
    attempts = found.pop("attempts")
    found["phases"] = ", ".join(phase["phase"] for phase in found["phases"])
    show_fields(found)
    show_rows(("step", "attempt", "status", "ended", "what came"), map(row, attempts))
