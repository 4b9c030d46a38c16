"""``turnout key list``."""

import asyncio
from typing import Any

import click

from services.cli.client import open_client
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json

_SHOWN = (
    "id",
    "name",
    "prefix",
    "scopes",
    "created_by",
    "expires_at",
    "last_used_at",
    "revoked_at",
)


@click.command("list", epilog=example("turnout key list", "turnout key list --json"))
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List the keys of the environment, also those that have ended, the oldest first."""

    async def fetch() -> list[Any]:
        async with open_client(url, token) as client:
            return await client.items("v1/keys", limit)

    found = asyncio.run(fetch())
    if as_json:
        write_json(found)
    else:
        show_rows(_SHOWN, [[one[field] for field in _SHOWN] for one in found])
