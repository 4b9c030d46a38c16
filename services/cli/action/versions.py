"""``turnout action versions``."""

import asyncio
from typing import Any
from urllib.parse import quote

import click

from services.cli.client import open_client
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json

_SHOWN = ("version", "updated_at", "transport", "url", "description")


@click.command(epilog=example("turnout action versions slack.postMessage"))
@click.argument("name")
@limit_option
@api_options
def versions(name: str, *, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List the versions of the action NAME, the latest first; each stays as it is for ever."""

    async def fetch() -> list[Any]:
        async with open_client(url, token) as client:
            path = f"v1/actions/{quote(name, safe='')}/versions"
            return await client.items(path, limit)

    found = asyncio.run(fetch())
    if as_json:
        write_json(found)
    else:
        show_rows(_SHOWN, [[action.get(field) for field in _SHOWN] for action in found])
