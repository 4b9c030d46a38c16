"""Reading results and phases, and keeping what is to be delivered of them."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from services.webhooks.listeners import Listeners
from services.webhooks.metrics import WebhooksMetrics
from services.webhooks.settings import WebhooksSettings
from shared.assembly.burying import bury
from shared.assembly.platform import Platform
from shared.bus.beside import beside
from shared.bus.dead_letters import dead_letter
from shared.bus.lag import watch_lag
from shared.bus.protocol import Received
from shared.bus.relay import relay
from shared.db.pool import translated
from shared.db.webhook_deliveries import Wanted, add_deliveries
from shared.domain.ids import EnvironmentId, ExecutionId, known_uuid
from shared.domain.subscriptions import KINDS, delivery_id
from shared.runtime.health import Condition
from shared.wire.dead_letters import DeadLetter
from shared.wire.results import truncated

AT_ONCE: Final = 100
BYTES_AT_ONCE: Final = 4_000_000
"""Many may want the same large record: a statement has a copy for each."""
RECORD_BYTES_MAX: Final = 900_000
"""What is larger is delivered without its values, as is what the topic does not take whole."""


class TakeRecords:
    """One member of the group that reads ``step_results`` and ``executions``."""

    def __init__(
        self,
        platform: Platform,
        settings: WebhooksSettings,
        metrics: WebhooksMetrics,
        kept: asyncio.Event,
    ) -> None:
        self._platform = platform
        self._settings = settings
        self._metrics = metrics
        self._kept = kept
        self._listeners = Listeners(
            platform.pool, platform.clock, refresh_s=settings.webhooks.refresh_s
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Take records until ``stop``. An offset is committed when what is wanted is durable."""
        platform, settings = self._platform, self._settings
        topics = platform.topics
        async with (
            platform.bus.subscribe(
                [topics.step_results, topics.executions],
                group=topics.group("webhooks"),
                member=platform.member,
            ) as subscription,
            beside(watch_lag(subscription, self._metrics.lag, platform.clock)),
        ):
            platform.health.report("webhooks", Condition.READY)
            await relay(
                subscription,
                stop,
                self._take,
                records_max=settings.fetch_max,
                wait_s=settings.fetch_wait_s,
            )

    async def _take(self, records: Sequence[Received]) -> None:
        await self._listeners.refresh()
        if self._listeners.is_empty:
            return
        wanted: list[Wanted] = []
        size = 0
        dead: list[DeadLetter] = []
        for record in records:
            try:
                found = list(self._wanted(record))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                dead.append(dead_letter(record, "UNREADABLE_RESULT", repr(error)))
                continue
            for one in found:
                wanted.append(one)
                size += len(one.record)
                if len(wanted) >= AT_ONCE or size >= BYTES_AT_ONCE:
                    await self._keep(wanted)
                    wanted, size = [], 0
        await self._keep(wanted)
        await bury(self._platform, dead, self._metrics.dead_letters)

    def _wanted(self, received: Received) -> Iterator[Wanted]:
        value = received.value or b""
        record: dict[str, Any] = orjson.loads(value)
        kind = KINDS.get(record["type"])
        if kind is None:
            return
        environment_id = EnvironmentId(known_uuid(record["environmentid"]))
        execution_id = ExecutionId(UUID(record["data"]["execution_id"]))
        for one in self._listeners.of(environment_id, kind, record, received.published_at):
            if len(value) > RECORD_BYTES_MAX:
                value = truncated(value)
            yield Wanted(
                id=delivery_id(one.id, record["id"]),
                environment_id=environment_id,
                subscription_id=one.id,
                kind=kind,
                execution_id=execution_id,
                record=value,
            )

    async def _keep(self, wanted: Sequence[Wanted]) -> None:
        if not wanted:
            return
        with translated():
            async with self._platform.pool.acquire() as conn:
                added = await add_deliveries(conn, wanted, self._platform.clock.now())
        for environment_id, count in added.items():
            self._metrics.wanted.add(environment_id, count=count)
        self._kept.set()
