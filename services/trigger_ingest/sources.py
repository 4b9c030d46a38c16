"""The source topics as ingest reads them: fairly, within quotas, no faster than is executed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.trigger_ingest.accept import event_of
from services.trigger_ingest.metrics import IngestMetrics
from services.trigger_ingest.quotas import EnvironmentOf, Holder, Quotas, Throttled
from services.trigger_ingest.settings import IngestSettings
from services.trigger_ingest.window import Windowed, counting
from shared.assembly.platform import Platform
from shared.bus.beside import beside
from shared.bus.protocol import Received, Subscription
from shared.domain.errors import Invalid
from shared.domain.ids import EnvironmentId


@asynccontextmanager
async def open_sources(
    platform: Platform, settings: IngestSettings, metrics: IngestMetrics
) -> AsyncIterator[Subscription]:
    """Join the group that reads them."""
    holder, clock = Holder(), platform.clock
    async with platform.bus.subscribe(
        platform.topics.sources,
        group=platform.topics.group("trigger-ingest"),
        assignee=holder,
        member=platform.member,
    ) as plain:
        subscription: Subscription = plain
        if settings.quota.is_limited:
            subscription = Throttled(
                plain,
                holder,
                quotas=Quotas(settings.quota),
                environment_of=_environment_of(platform, settings),
                metrics=metrics,
                clock=clock,
            )
        on_their_way = await counting(platform, plain)
        windowed = Windowed(
            subscription, on_their_way, most=settings.in_flight_max, metrics=metrics, clock=clock
        )
        async with beside(windowed.keep()):
            yield windowed


def _environment_of(platform: Platform, settings: IngestSettings) -> EnvironmentOf:
    def environment_of(record: Received) -> EnvironmentId | None:
        try:
            return event_of(
                record,
                limits=settings.event_limits,
                default_environment=platform.default_environment,
                now=platform.clock.now(),
            ).environment_id
        except Invalid:
            return None

    return environment_of
