"""What a role stands on, opened in one place."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client import CollectorRegistry

from shared.assembly.common_clock import CommonClock
from shared.assembly.observed import observed
from shared.assembly.settings import ProcessSettings
from shared.bus.beside import beside
from shared.bus.kafka import open_kafka_bus
from shared.bus.local import LocalBus, open_local_bus
from shared.bus.protocol import Bus, Topic
from shared.db.pool import Pool, open_pool, translated
from shared.db.recovery import lay_out
from shared.domain.errors import Conflict
from shared.domain.ids import EnvironmentId
from shared.runtime.clock import Clock
from shared.runtime.environment_names import EnvironmentNames
from shared.runtime.health import Health
from shared.wire.topics import Topics

log = structlog.get_logger(__name__)

TRIM_AT_ONCE = 10_000
_BUS_POOL = 4

Trim = Callable[[datetime], Awaitable[int]]
"""Deletes records older than a time that every group has read; gives how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Shared by all roles of a process."""

    pool: Pool
    bus: Bus
    trim: Trim
    topics: Topics
    clock: Clock
    registry: CollectorRegistry
    health: Health
    member: str
    default_environment: EnvironmentId
    environment_names: EnvironmentNames


@asynccontextmanager
async def open_platform(settings: ProcessSettings) -> AsyncIterator[Platform]:
    """Connect, and see that every topic is there. Raises Unavailable, Conflict (``_lay_out``)."""
    clock = CommonClock()
    async with (
        open_pool(settings.postgres) as pool,
        _open_bus(settings, clock) as (bus, trim),
    ):
        await clock.set(pool)
        await bus.ensure_topics(
            [Topic(name=n, partitions=settings.partitions) for n in settings.topics.all]
        )
        await _lay_out(pool, bus, settings.topics.commands, clock)
        registry, health = CollectorRegistry(), Health()
        async with observed(registry, pool, health, clock), beside(clock.keep(pool)):
            default = EnvironmentId(settings.default_environment)
            yield Platform(
                pool=pool,
                bus=bus,
                trim=trim,
                topics=settings.topics,
                clock=clock,
                registry=registry,
                health=health,
                member=settings.member,
                default_environment=default,
                environment_names=EnvironmentNames(settings.environments_named_max, default),
            )


async def _lay_out(pool: Pool, bus: Bus, commands: str, clock: Clock) -> None:
    """Keep to the partitions over which executions are spread; Conflict where some are gone.

    What an execution is told must go where it lives, hence to the partition that its key had when
    it was started: partitions that were added to the topic since are left alone.
    """
    there = await bus.partitions(commands)
    with translated():
        async with pool.acquire() as conn:
            used = await lay_out(conn, there, now=clock.now())
    if there < used:
        raise Conflict(
            f"The topic '{commands}' has {there} partitions, and executions are spread over {used}:"
            " use the topic that belongs to this database."
        )
    if there > used:
        log.warning("partitions_unused", topic=commands, there=there, used=used)
        bus.spread(commands, over=used)


@asynccontextmanager
async def _open_bus(settings: ProcessSettings, clock: Clock) -> AsyncIterator[tuple[Bus, Trim]]:
    """A bus in Postgres has connections of its own: who holds one may wait for a publish."""
    if (kafka := settings.kafka_settings) is not None:
        async with open_kafka_bus(kafka) as bus:
            yield bus, _nothing_to_trim
    else:
        postgres = settings.postgres.model_copy(update={"pool_max": _BUS_POOL})
        async with open_pool(postgres) as own, open_local_bus(own, clock) as local:
            yield local, _trimming(local)


async def _nothing_to_trim(_: datetime) -> int:
    """Kafka keeps its own house."""
    return 0


def _trimming(bus: LocalBus) -> Trim:
    async def trim(before: datetime) -> int:
        trimmed = 0
        while True:
            some = await bus.trim(before=before, records_max=TRIM_AT_ONCE)
            trimmed += some
            if some < TRIM_AT_ONCE:
                return trimmed

    return trim
