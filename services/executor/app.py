"""The executor's composition: the only place that puts its parts together."""

import asyncio
import random

from services.executor.actions import built_in
from services.executor.advance import Advancing
from services.executor.executor import Executor, Needs
from services.executor.metrics import ExecutorMetrics
from services.executor.perform import Tools
from services.executor.plans import StoredPlans
from services.executor.settings import ExecutorSettings
from shared.assembly.platform import Platform
from shared.egress.caller import open_caller
from shared.expr.jsonata import ExpressionCache
from shared.runtime.roles import Role


def executor(platform: Platform, settings: ExecutorSettings) -> Role:
    """The role, to be run and, after an outage, run again."""
    metrics = ExecutorMetrics(platform.registry)

    async def run(stop: asyncio.Event) -> None:
        async with open_caller(settings.egress, platform.clock) as caller:
            tools = Tools(
                actions=built_in(settings, caller, platform.bus, platform.topics.sources[0]),
                expressions=ExpressionCache(settings.expressions_max),
                clock=platform.clock,
            )
            needs = Needs(
                platform=platform,
                plans=StoredPlans(platform.pool, entries_max=settings.plans_max),
                advancing=Advancing(tools=tools, metrics=metrics, chance=random.Random()),  # noqa: S311 - spreads retries, guards nothing
                metrics=metrics,
                settings=settings,
            )
            await Executor(needs).run(stop)

    return run
