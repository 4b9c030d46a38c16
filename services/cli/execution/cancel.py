"""``turnout execution cancel``."""

import asyncio
from typing import Any
from uuid import UUID

import click

from services.cli.client import open_client
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(
    epilog=example("turnout execution cancel 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10 --reason test")
)
@click.argument("execution_id", type=click.UUID)
@click.option("--reason", help="Kept with the execution.")
@api_options
def cancel(
    execution_id: UUID, *, reason: str | None, url: str, token: str | None, as_json: bool
) -> None:
    """Cancel the execution EXECUTION_ID: no further step starts, running ones are told."""

    async def ask() -> Any:
        async with open_client(url, token) as client:
            path = f"v1/executions/{execution_id}/cancel"
            return (await client.call("POST", path, body={"reason": reason})).body

    asked = asyncio.run(ask())
    if as_json:
        write_json(asked)
    else:
        say(f"Asked. See it end with: turnout execution watch {execution_id}")
