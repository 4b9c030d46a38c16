"""The matcher's composition."""

import asyncio

from services.matcher.awaited import Awaited
from services.matcher.breather import AT_A_STRETCH_S
from services.matcher.counts import Counts
from services.matcher.decider import Decider
from services.matcher.definitions import Definitions
from services.matcher.late import Late
from services.matcher.matcher import Matcher
from services.matcher.metrics import MatcherMetrics
from services.matcher.quarantines import Quarantines
from services.matcher.settings import MatcherSettings
from shared.assembly.platform import Platform
from shared.expr.jsonata import ExpressionCache
from shared.matching.table import WorkflowTable
from shared.runtime.budgets import Budgets
from shared.runtime.roles import Role, duty


def matcher(platform: Platform, settings: MatcherSettings) -> Role:
    """The role, to be run and, after an outage, run again."""
    metrics = MatcherMetrics(platform.registry, platform.environment_names)

    async def run(stop: asyncio.Event) -> None:
        expressions = ExpressionCache(settings.expressions_max)
        table = WorkflowTable(expressions)
        definitions = Definitions(
            platform.pool, table, refresh_s=settings.refresh_s, metrics=metrics
        )
        await definitions.load()
        counts, budgets = Counts(platform.pool), Budgets(platform.clock, free_s=AT_A_STRETCH_S)
        quarantines = Quarantines(platform, settings, metrics)
        decider = Decider(platform, table, counts, settings, metrics, quarantines)
        awaited = Awaited(platform, expressions, settings, metrics, budgets, quarantines)
        late = Late(platform, decider, awaited)
        async with asyncio.TaskGroup() as group:
            group.create_task(duty(counts.keep(stop)))
            endless = [
                group.create_task(duty(work)) for work in (definitions.follow(), late.keep())
            ]
            await Matcher(
                platform, decider, awaited, settings, metrics, budgets=budgets, late=late
            ).run(stop)
            for task in endless:
                task.cancel()
        await counts.write()

    return run
