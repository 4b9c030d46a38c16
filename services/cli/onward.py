"""Asking for something that takes several calls, one after the other."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from services.cli.client import Client


async def onward(client: Client, path: str, body: Mapping[str, Any]) -> AsyncIterator[Any]:
    """The answer to each call, until one has no cursor; raises as ``Client.call`` does.

    ``body`` is sent without its Nones, each time as it is then.
    """
    cursor: dict[str, Any] = {}
    while True:
        asked = {name: value for name, value in body.items() if value is not None}
        told = (await client.call("POST", path, body={**asked, **cursor})).body
        yield told
        if told["next_cursor"] is None:
            return
        cursor = {"cursor": told["next_cursor"]}
