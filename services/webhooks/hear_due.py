"""Hearing at once what the API makes due: a replay, a test, a subscription that is activated."""

import asyncio
from typing import Final

from shared.db.pool import Pool
from shared.db.webhook_deliveries import CHANNEL
from shared.runtime.clock import Clock
from shared.runtime.postgres_faults import PASSING
from shared.runtime.roles import heed_cancellation

_AGAIN_S: Final = 1.0


async def hear_due(pool: Pool, clock: Clock, changed: asyncio.Event) -> None:
    """Set ``changed`` whenever something is announced, for ever; it asks Postgres nothing.

    What is announced while the connection is lost is not heard, so nobody waits for this alone.
    """
    while True:
        try:
            await _hear(pool, changed)
        except PASSING:
            heed_cancellation()
            await clock.sleep(_AGAIN_S)


async def _hear(pool: Pool, changed: asyncio.Event) -> None:
    """Until the connection is lost."""
    lost = asyncio.Event()

    def heard(*_: object) -> None:
        changed.set()

    def ended(*_: object) -> None:
        lost.set()

    async with pool.acquire() as conn:
        conn.add_termination_listener(ended)
        await conn.add_listener(CHANNEL, heard)
        try:
            # What was announced before is not heard any more.
            changed.set()
            await lost.wait()
        finally:
            if not lost.is_set():
                conn.remove_termination_listener(ended)
                await conn.remove_listener(CHANNEL, heard)
