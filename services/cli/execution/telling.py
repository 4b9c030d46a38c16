"""Telling an execution something, as ``suspend`` and ``resume`` do."""

import asyncio
from typing import Any
from uuid import UUID

from services.cli.client import open_client
from services.cli.present import say, write_json


def tell(
    execution_id: UUID, way: str, *, url: str, token: str | None, as_json: bool, said: str
) -> None:
    """Post to the execution's route ``way``; say ``said`` once that is durable."""

    async def ask() -> Any:
        async with open_client(url, token) as client:
            return (await client.call("POST", f"v1/executions/{execution_id}/{way}")).body

    told = asyncio.run(ask())
    if as_json:
        write_json(told)
    else:
        say(said)
