"""An API to ask by its document: one environment with something of everything, and an executor."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from tests.contract.openapi_cases import Asked, ask
from tests.integration.api.test_id_swap import two_environments


async def ask_served(
    database: str, *, cases: int, start: int = 0, tell: Callable[[int], None] = lambda _: None
) -> Asked:
    """Ask an API over ``database``, which is migrated and empty, as ``ask`` does."""
    async with two_environments(database) as (_, theirs, _mine):
        client, secret = theirs.asker.client, theirs.asker.secret
        assert secret is not None
        document: Any = await (await client.get("/openapi.json")).json()
        known = partial(known_in, theirs.ids)
        url = str(client.make_url("/"))
        return await asyncio.to_thread(
            ask, document, url, token=secret, known=known, cases=cases, start=start, tell=tell
        )


def known_in(ids: Mapping[str, str], path: str) -> dict[str, str]:
    """What may stand in a path, by the names there; ``ids`` has it by the word before, or the name.

    Empty when there is something that nobody knows.
    """
    segments = path.split("/")
    found: dict[str, str] = {}
    for before, segment in pairwise(segments):
        if segment.startswith("{"):
            value = ids.get(segment, ids.get(before))
            if value is None:
                return {}
            found[segment.strip("{}")] = value
    return found
