"""Telling executions of the events that they wait for."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice

import orjson

from services.matcher.metrics import MatcherMetrics
from shared.assembly.platform import Platform
from shared.bus.protocol import Received, Record
from shared.db.awaiting import Awaiting, EventName, list_names, list_waits
from shared.db.pool import translated
from shared.domain.ids import ExecutionId, StepId
from shared.domain.signals import Arrived
from shared.expr.jsonata import ExpressionCache
from shared.matching.awaited import event_data, is_awaited
from shared.matching.correlate import Correlated
from shared.matching.rules import is_named
from shared.matching.view import EventView
from shared.wire.commands import Tell, encode_tell
from shared.wire.envelope import HEADERS
from shared.wire.events import decode_event

WAITS_AT_ONCE = 1_000
TOLD_BYTES_AT_ONCE = 4_000_000
TOLD_MAX = 200_000
AT_A_STRETCH_S = 0.01

Named = Mapping[EventName, list[Received]]
"""A batch of events by environment and name, as they came."""

WaitKey = tuple[ExecutionId, StepId, int]


class Awaited:
    """Looks for the waits that a batch of events ends; asks the database once where there are none.

    What it told lately it does not tell again: until the execution has heard of it, its wait stays
    open, and every further event of the name would find it.
    """

    def __init__(
        self, platform: Platform, expressions: ExpressionCache, metrics: MatcherMetrics
    ) -> None:
        self._platform = platform
        self._expressions = expressions
        self._metrics = metrics
        self._told: dict[WaitKey, None] = {}
        self._rest_at_s = 0.0

    async def tell(self, named: Named) -> None:
        """Publish what these events are to the steps that wait now. Raises Unavailable."""
        if not named:
            return
        with translated():
            async with self._platform.pool.acquire() as conn:
                names = await list_names(conn, named)
        for name in names:
            if views := list(_views(named, name)):
                await self._tell_all(name, Correlated(views))

    async def _tell_all(self, name: EventName, events: Correlated) -> None:
        """Tell all who wait for one name, a bounded number at a time."""
        async for waits in self._pages(name):
            told: dict[WaitKey, Record] = {}
            size = 0
            for wait in waits:
                key = (wait.execution_id, wait.step_id, wait.attempt)
                if key in self._told or (view := await self._first(wait, events)) is None:
                    continue
                told[key] = self._record(wait, view)
                size += len(told[key].value or b"")
                if size >= TOLD_BYTES_AT_ONCE:
                    await self._publish(told)
                    told, size = {}, 0
            await self._publish(told)

    async def _pages(self, name: EventName) -> AsyncIterator[list[Awaiting]]:
        """The waits for a name; no connection is held while they are told."""
        after: Awaiting | None = None
        while True:
            with translated():
                async with self._platform.pool.acquire() as conn:
                    waits = await list_waits(conn, name, after=after, limit=WAITS_AT_ONCE)
            yield waits
            if len(waits) < WAITS_AT_ONCE:
                return
            after = waits[-1]

    async def _first(self, wait: Awaiting, events: Correlated) -> EventView | None:
        """The first event that ends a wait."""
        await self._breathe()
        for view in events.candidates(wait.data):
            await self._breathe()
            if wait.counts(view.event) and is_awaited(view, wait.data, self._expressions):
                return view
        return None

    async def _publish(self, told: Mapping[WaitKey, Record]) -> None:
        await self._platform.bus.publish(list(told.values()))
        self._metrics.answered.inc(len(told))
        self._told |= dict.fromkeys(told)
        for key in list(islice(self._told, max(0, len(self._told) - TOLD_MAX))):
            del self._told[key]

    def _record(self, wait: Awaiting, view: EventView) -> Record:
        execution_id, event = wait.execution_id, view.event
        tell = Tell(
            execution_id=execution_id,
            signal=Arrived(step_id=wait.step_id, event=event_data(view)),
            tell_id=f"{execution_id}:{wait.step_id}:{event.key}",
            at=event.received_at,
        )
        return Record(
            topic=self._platform.topics.commands,
            key=str(execution_id).encode(),
            value=encode_tell(tell, source="/turnout/matcher"),
            headers=HEADERS,
        )

    async def _breathe(self) -> None:
        """Let others run after a while: many waits for many events take long."""
        now_s = self._platform.clock.monotonic()
        if now_s >= self._rest_at_s:
            await asyncio.sleep(0)
            self._rest_at_s = self._platform.clock.monotonic() + AT_A_STRETCH_S


def _views(named: Named, name: EventName) -> Iterator[EventView]:
    """The events that a name names, in the order in which they came."""
    for place, records in named.items():
        if place.environment_id == name.environment_id and is_named(place.name, name.name):
            for record in records:
                yield EventView(decode_event(orjson.loads(record.value or b"")))
