"""``turnout action versions``."""

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import UUID

import click

from services.cli.client import open_client
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json

_SHOWN = ("version", "updated_at", "transport", "url", "description")


@click.command(epilog=example("turnout action versions slack.postMessage"))
@click.argument("name")
@click.option("--environment", type=click.UUID, help="In this environment.")
@limit_option
@api_options
def versions(
    name: str, *, environment: UUID | None, limit: int, url: str, token: str | None, as_json: bool
) -> None:
    """List the versions of the action NAME, the latest first; each stays as it is for ever."""

    async def fetch() -> list[Any]:
        async with open_client(url, token) as client:
            path = f"v1/actions/{quote(name, safe='')}/versions"
            return await client.items(path, limit, environment_id=environment)

    found = asyncio.run(fetch())
    if as_json:
        write_json(found)
    else:
        show_rows(_SHOWN, [[action.get(field) for field in _SHOWN] for action in found])
