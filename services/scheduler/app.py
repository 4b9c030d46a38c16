"""The scheduler's composition."""

import asyncio

from services.scheduler.fire_schedules import fire_schedules
from services.scheduler.keep_house import keep_house
from services.scheduler.metrics import SchedulerMetrics
from services.scheduler.pass_turns import pass_turns
from services.scheduler.settings import SchedulerSettings
from shared.assembly.platform import Platform
from shared.runtime.roles import Role, duty


def scheduler(platform: Platform, settings: SchedulerSettings) -> Role:
    """The role, to be run and, after an outage, run again."""
    metrics = SchedulerMetrics(platform.registry, platform.environment_names)

    async def run(stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for work in (
                keep_house(platform, settings, metrics, stop),
                fire_schedules(platform, stop, metrics),
                pass_turns(platform, stop),
            ):
                group.create_task(duty(work))

    return run
