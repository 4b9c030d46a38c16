"""How many subscriptions are disabled is known from the first."""

import asyncio
from contextlib import suppress

from services.webhooks.forget import forget
from services.webhooks.metrics import WebhooksMetrics
from services.webhooks.settings import DeliverySettings
from tests.integration.webhooks.stage import ENVIRONMENT, subscribe
from tests.support.eventually import eventually
from tests.support.works import open_works


async def test_what_is_disabled_is_told_before_anything_is_forgotten(database: str) -> None:
    """A new process with much to forget would else show for a while that nothing is disabled."""
    async with open_works(database) as works:
        seen, labels = works.platform.registry.get_sample_value, {"environment": str(ENVIRONMENT)}
        one = await subscribe(works.pool, "http://127.0.0.1:9/")
        await works.pool.execute(
            "UPDATE webhook_subscriptions SET is_active = false, disabled_at = now() WHERE id = $1",
            one.id,
        )
        metrics = WebhooksMetrics(works.platform.registry, works.platform.environment_names)
        async with works.pool.acquire() as conn, conn.transaction():
            await conn.execute("LOCK TABLE webhook_deliveries IN ACCESS EXCLUSIVE MODE")
            work = asyncio.create_task(
                forget(works.platform, DeliverySettings(), metrics, works.stop)
            )
            await eventually(lambda: seen("turnout_webhook_subscriptions_disabled", labels) == 1)
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
