"""The matcher's composition."""

import asyncio

from services.matcher.awaited import Awaited
from services.matcher.definitions import Definitions
from services.matcher.matcher import Matcher
from services.matcher.metrics import MatcherMetrics
from services.matcher.settings import MatcherSettings
from shared.assembly.platform import Platform
from shared.expr.jsonata import ExpressionCache
from shared.matching.table import WorkflowTable
from shared.runtime.roles import Role, duty


def matcher(platform: Platform, settings: MatcherSettings) -> Role:
    """The role, to be run and, after an outage, run again."""
    metrics = MatcherMetrics(platform.registry)

    async def run(stop: asyncio.Event) -> None:
        expressions = ExpressionCache(settings.expressions_max)
        table = WorkflowTable(expressions)
        definitions = Definitions(
            platform.pool, table, refresh_s=settings.refresh_s, metrics=metrics
        )
        await definitions.load()
        async with asyncio.TaskGroup() as group:
            following = group.create_task(duty(definitions.follow()))
            await Matcher(
                platform, table, Awaited(platform, expressions, metrics), settings, metrics
            ).run(stop)
            following.cancel()

    return run
