"""``turnout workflow get``."""

import asyncio
from typing import Any
from uuid import UUID

import click

from services.cli.client import open_client
from services.cli.options import api_options, example
from services.cli.present import show_fields, write_json


@click.command(epilog=example("turnout workflow get 4a4de828-f4c9-4bea-8ef4-2d705aec43bc --json"))
@click.argument("workflow_id", type=click.UUID)
@click.option("--version", type=click.IntRange(1), help="Not the current version but this one.")
@api_options
def get(
    workflow_id: UUID, *, version: int | None, url: str, token: str | None, as_json: bool
) -> None:
    """Show the workflow WORKFLOW_ID in Turnout's own words."""

    async def fetch() -> Any:
        async with open_client(url, token) as client:
            return await client.get(f"v1/workflows/{workflow_id}", version=version)

    found = asyncio.run(fetch())
    if as_json:
        write_json(found)
    else:
        show_fields(found)
