"""The composition of the role that tells subscribers."""

import asyncio
import random

from services.webhooks.attempt import Attempts
from services.webhooks.deliver import Deliveries
from services.webhooks.forget import forget
from services.webhooks.hear_due import hear_due
from services.webhooks.metrics import WebhooksMetrics
from services.webhooks.note import Notes
from services.webhooks.settings import WebhooksSettings
from services.webhooks.take_records import TakeRecords
from shared.assembly.platform import Platform
from shared.bus.beside import beside
from shared.egress.caller import open_caller
from shared.runtime.roles import Role, duty


def webhooks(platform: Platform, settings: WebhooksSettings) -> Role:
    """The role, to be run and, after an outage, run again."""
    metrics = WebhooksMetrics(platform.registry, platform.environment_names)

    async def run(stop: asyncio.Event) -> None:
        changed, notes = asyncio.Event(), Notes(platform)
        async with (
            open_caller(settings.egress, platform.clock) as caller,
            beside(duty(notes.run())),
            beside(duty(hear_due(platform.pool, platform.clock, changed))),
        ):
            attempts = Attempts(
                platform,
                caller,
                notes,
                settings.keyring,
                settings.webhooks,
                metrics,
                random.Random(),  # noqa: S311 - spreads retries, guards nothing
            )
            deliveries = Deliveries(
                platform, attempts, settings.keyring, settings.webhooks, metrics, changed
            )
            async with asyncio.TaskGroup() as group:
                for work in (
                    TakeRecords(platform, settings, metrics, changed).run(stop),
                    deliveries.run(stop),
                    forget(platform, settings.webhooks, metrics, stop),
                ):
                    group.create_task(duty(work))

    return run
