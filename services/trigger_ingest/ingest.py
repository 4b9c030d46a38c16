"""The role: fetch, accept, pass on, commit."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from services.trigger_ingest.accept import Accepted, Candidate, accept, read_records
from services.trigger_ingest.metrics import IngestMetrics
from services.trigger_ingest.settings import IngestSettings
from services.trigger_ingest.sources import open_sources
from shared.assembly.burying import bury
from shared.assembly.platform import Platform
from shared.bus.beside import beside
from shared.bus.lag import watch_lag
from shared.bus.protocol import Received, Record
from shared.bus.relay import relay
from shared.db.environments import list_existing
from shared.db.intake import ensure_days
from shared.db.pool import translated
from shared.runtime.health import Condition
from shared.wire.dead_letters import DeadLetter
from shared.wire.envelope import HEADERS


class Ingest:
    """One member of the group that reads the source topics."""

    def __init__(
        self, platform: Platform, settings: IngestSettings, metrics: IngestMetrics
    ) -> None:
        self._platform = platform
        self._settings = settings
        self._metrics = metrics
        self._ensured: date | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Ingest until ``stop``. An offset is committed when its event is durable and passed on."""
        platform, settings = self._platform, self._settings
        async with (
            open_sources(platform, settings, self._metrics) as subscription,
            beside(watch_lag(subscription, self._metrics.lag, platform.clock)),
        ):
            platform.health.report("trigger-ingest", Condition.READY)
            await relay(
                subscription,
                stop,
                self._take,
                records_max=settings.fetch_max,
                wait_s=settings.fetch_wait_s,
            )

    async def _take(self, records: Sequence[Received]) -> None:
        platform = self._platform
        now = platform.clock.now()
        candidates, dead = read_records(
            records,
            limits=self._settings.event_limits,
            default_environment=platform.default_environment,
            now=now,
        )
        accepted = await self._archive(candidates, now.date()) if candidates else Accepted()
        accepted.dead += await self._owned(dead)
        await platform.bus.publish(list(self._triggers(accepted)))
        await bury(platform, accepted.dead, self._metrics.dead_letters)
        self._count(accepted)

    async def _owned(self, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        """Those of environments that are none are nobody's: of each as many are kept as of all."""
        named = {id_ for letter in letters if (id_ := letter.environment_id) is not None}
        if not named:
            return letters
        with translated():
            async with self._platform.pool.acquire() as conn:
                there = await list_existing(conn, named)
        return [
            letter if letter.environment_id in there else replace(letter, environment_id=None)
            for letter in letters
        ]

    async def _archive(self, candidates: Sequence[Candidate], today: date) -> Accepted:
        with translated():
            async with self._platform.pool.acquire() as conn:
                if today != self._ensured:  # earlier, too: Postgres' clock may have been set
                    await ensure_days(conn, today, today + timedelta(days=2))
                    self._ensured = today
                return await accept(conn, candidates)

    def _triggers(self, accepted: Accepted) -> Iterator[Record]:
        for candidate in accepted.passed_on:
            yield Record(
                topic=self._platform.topics.triggers,
                key=candidate.event.ordering_key.encode(),
                value=candidate.arrival.record,
                headers=HEADERS,
            )

    def _count(self, accepted: Accepted) -> None:
        for metric, of_each in (
            (self._metrics.accepted, Counter(c.event.environment_id for c in accepted.passed_on)),
            (self._metrics.redelivered, accepted.redelivered),
            (self._metrics.duplicates, accepted.duplicates),
        ):
            for environment_id, count in of_each.items():
                metric.add(environment_id, count=count)
