"""``turnout execution result``."""

import asyncio
from typing import Any, Final
from uuid import UUID

import click

from services.cli.client import Client, open_client
from services.cli.options import api_options, example
from services.cli.present import write_json
from shared.domain.errors import NotFound

PORTION_S: Final = 20


@click.command(
    epilog=example("turnout execution result 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10 --wait 60")
)
@click.argument("execution_id", type=click.UUID)
@click.option(
    "--wait", type=click.IntRange(0, 86_400), default=0, help="Wait for it so many seconds."
)
@api_options
def result(execution_id: UUID, *, wait: int, url: str, token: str | None, as_json: bool) -> None:
    """Print what EXECUTION_ID came to, as JSON.

    Ends with 3 while there is no result, with 4 when there will be none.
    """

    async def fetch() -> Any:
        async with open_client(url, token) as client:
            return await _fetched(client, execution_id, wait)

    found = asyncio.run(fetch())
    write_json(found if as_json else found["result"])


async def _fetched(client: Client, execution_id: UUID, wait_s: int) -> Any:
    path = f"v1/executions/{execution_id}/result"
    portions = max(0, (wait_s - 1) // PORTION_S)
    for _ in range(portions):
        try:
            return await client.get(path, wait_s=PORTION_S)
        except NotFound:
            continue
    return await client.get(path, wait_s=wait_s - portions * PORTION_S)
