"""The scheduler's composition."""

import asyncio

from services.scheduler.keep_house import keep_house
from services.scheduler.settings import SchedulerSettings
from shared.assembly.platform import Platform
from shared.runtime.roles import Role


def scheduler(platform: Platform, settings: SchedulerSettings) -> Role:
    """The role, to be run and, after an outage, run again."""

    async def run(stop: asyncio.Event) -> None:
        await keep_house(platform, settings, stop)

    return run
