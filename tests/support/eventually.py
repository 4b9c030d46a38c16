"""Waiting for what happens soon, instead of sleeping for as long as it may take."""

import asyncio
from collections.abc import Callable


async def eventually(holds: Callable[[], bool], *, within_s: float = 60) -> None:
    """Return as soon as ``holds``; TimeoutError when it does not even on a busy machine."""
    async with asyncio.timeout(within_s):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)
