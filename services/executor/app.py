"""The executor's composition: the only place that puts its parts together."""

import asyncio
import random
import secrets as chance_of_secrets

from services.executor.actions import built_in
from services.executor.actions.registered import RegisteredActions
from services.executor.actions.throttle import Throttles
from services.executor.admit import Library
from services.executor.annotate import Annotator, HttpResolver, Resolver, installed_resolvers
from services.executor.executor import Executor, Needs
from services.executor.lanes import Lanes
from services.executor.life import Living
from services.executor.metrics import ExecutorMetrics
from services.executor.outside import TRIFLE_S, Outside
from services.executor.perform import Tools
from services.executor.plans import StoredPlans
from services.executor.settings import ExecutorSettings
from services.executor.stored_secrets import ConfiguredSecrets, StoredSecrets
from services.executor.turns import Turns
from services.executor.view import Views
from shared.assembly.platform import Platform
from shared.bus.protocol import Topic
from shared.domain.plans import TURN
from shared.egress.caller import Caller, open_caller
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver as ValueResolver
from shared.expr.secrets import SecretMarks
from shared.runtime.budgets import Budgets
from shared.runtime.roles import Role


def executor(platform: Platform, settings: ExecutorSettings) -> Role:
    """The role, to be run and, after an outage, run again."""
    metrics = ExecutorMetrics(platform.registry, platform.environment_names)

    async def run(stop: asyncio.Event) -> None:
        await _see_topics(platform)
        async with open_caller(settings.egress, platform.clock) as caller:
            await Executor(_needs(platform, settings, caller, metrics)).run(stop)

    return run


async def _see_topics(platform: Platform) -> None:
    """Make anew what somebody has deleted: what was written can then be published."""
    partitions = await platform.bus.partitions(platform.topics.commands)
    topics = [Topic(name=name, partitions=partitions) for name in platform.topics.all]
    await platform.bus.ensure_topics(topics)


def _needs(
    platform: Platform, settings: ExecutorSettings, caller: Caller, metrics: ExecutorMetrics
) -> Needs:
    expressions = ExpressionCache(settings.expressions_max)
    resolver = ValueResolver(expressions, TemplateCache(settings.expressions_max))
    turns, lanes = Turns(platform), Lanes(platform.clock, slow=metrics.slow)
    registered = _registered(platform, settings, caller, resolver)
    outside = _outside(platform, expressions, registered, turns, lanes)
    tools = Tools(
        actions={**built_in(settings, caller, platform), TURN: turns},
        registered=registered,
        annotator=Annotator(_resolvers(settings, caller)),
        views=Views(resolver, SecretMarks(chance_of_secrets.token_hex(16))),
        secrets=_secrets(platform, settings, metrics),
        lanes=lanes,
        clock=platform.clock,
    )
    return Needs(
        platform=platform,
        library=Library(plans=_plans(platform, settings), inherited=outside.inherited),
        living=Living(
            tools=tools,
            metrics=metrics,
            chance=random.Random(),  # noqa: S311 - spreads retries, guards nothing
            look_back=outside.look_back,
            result_of=outside.result_of,
            answered=outside.answered,
            beats=outside.beats,
        ),
        turns=turns,
        metrics=metrics,
        settings=settings,
    )


def _outside(
    platform: Platform,
    expressions: ExpressionCache,
    registered: RegisteredActions,
    turns: Turns,
    lanes: Lanes,
) -> Outside:
    return Outside(
        pool=platform.pool,
        expressions=expressions,
        registered=registered,
        turns=turns,
        lanes=lanes,
        clock=platform.clock,
        budgets=Budgets(platform.clock, free_s=TRIFLE_S),
    )


def _plans(platform: Platform, settings: ExecutorSettings) -> StoredPlans:
    kept, history_max = settings.plans_max, settings.history_max
    return StoredPlans(platform.pool, entries_max=kept, history_max=history_max)


def _secrets(
    platform: Platform, settings: ExecutorSettings, metrics: ExecutorMetrics
) -> StoredSecrets:
    return StoredSecrets(
        platform.pool,
        settings.keyring,
        platform.clock,
        configured=ConfiguredSecrets(platform.default_environment, settings.secrets),
        unreadable=metrics.secrets_unreadable,
    )


def _registered(
    platform: Platform, settings: ExecutorSettings, caller: Caller, resolver: ValueResolver
) -> RegisteredActions:
    signed_by = settings.registered_actions.secret
    return RegisteredActions(
        platform.pool,
        caller,
        platform.clock,
        throttles=Throttles(pool=platform.pool, clock=platform.clock, resolver=resolver),
        secrets=() if signed_by is None else (signed_by,),
        ttl_s=settings.registered_actions.known_s,
    )


def _resolvers(settings: ExecutorSettings, caller: Caller) -> dict[str, Resolver]:
    """By entity type; what is configured goes before what is installed."""
    configured: dict[str, Resolver] = {
        entity_type: HttpResolver(
            caller, url=given.url, secrets=() if given.secret is None else (given.secret,)
        )
        for entity_type, given in settings.resolvers.items()
    }
    return {**installed_resolvers(), **configured}
