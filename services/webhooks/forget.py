"""Counting what is disabled, and forgetting what is past its time."""

import asyncio
from datetime import datetime, timedelta
from typing import Final, Protocol

from services.webhooks.metrics import WebhooksMetrics
from services.webhooks.settings import DeliverySettings
from shared.assembly.platform import Platform
from shared.db.pool import Connection, translated
from shared.db.signing_secrets import forget_secrets
from shared.db.webhook_deliveries import forget_deliveries
from shared.db.webhook_subscriptions import count_disabled

AT_ONCE: Final = 1_000


async def forget(
    platform: Platform, settings: DeliverySettings, metrics: WebhooksMetrics, stop: asyncio.Event
) -> None:
    """A round now and then, until ``stop``; any number of replicas may. Raises Unavailable."""
    kept = timedelta(days=settings.kept_days)
    while not stop.is_set():
        # First: what is to be forgotten may be much, and a process that has just begun shows none.
        with translated():
            async with platform.pool.acquire() as conn:
                metrics.tell_disabled(await count_disabled(conn))
        before = platform.clock.now() - kept
        await _some(platform, before, forget_deliveries)
        await _some(platform, before, forget_secrets)
        await platform.clock.wait(stop, settings.forget_every_s)


class _SomeOf(Protocol):
    async def __call__(self, conn: Connection, before: datetime, *, limit: int) -> int: ...


async def _some(platform: Platform, before: datetime, some_of: _SomeOf) -> None:
    """In small transactions, so that nobody who writes there waits long."""
    while True:
        with translated():
            async with platform.pool.acquire() as conn:
                if await some_of(conn, before, limit=AT_ONCE) < AT_ONCE:
                    return
