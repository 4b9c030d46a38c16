"""Asking for something that takes several calls, one after the other."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from services.cli.client import Client


async def onward(client: Client, path: str, body: Mapping[str, Any]) -> AsyncIterator[Any]:
    """The answer to each call, until one has no cursor; raises as ``Client.call`` does.

    ``body`` is sent without its Nones.
    """
    asked = {name: value for name, value in body.items() if value is not None}
    while True:
        told = (await client.call("POST", path, body=asked)).body
        yield told
        if told["next_cursor"] is None:
            return
        asked["cursor"] = told["next_cursor"]
