"""Telling executions of the events that they wait for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, NamedTuple

import orjson
import structlog

from services.matcher.breather import Breather
from services.matcher.metrics import MatcherMetrics
from services.matcher.quarantines import Exceeded, Quarantines
from services.matcher.settings import MatcherSettings
from services.matcher.spending import Spending
from services.matcher.strikes import Strikes
from shared.assembly.platform import Platform
from shared.bus.protocol import Received, Record
from shared.db.awaiting import Awaiting, EventName, list_names, list_waits
from shared.db.late_events import AFTER_ALL, LateEvent
from shared.db.pool import translated
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, StepId
from shared.domain.signals import Arrived
from shared.expr.errors import OUT_OF_BOUNDS
from shared.expr.jsonata import ExpressionCache, Truth
from shared.matching.awaited import event_data, try_wait
from shared.matching.correlate import Correlated
from shared.matching.rules import is_named
from shared.matching.view import EventView
from shared.runtime.budgets import Budgets
from shared.wire.commands import Tell, encode_tell
from shared.wire.envelope import HEADERS
from shared.wire.events import decode_event

log = structlog.get_logger(__name__)

WAITS_AT_ONCE = 1_000
TOLD_BYTES_AT_ONCE = 4_000_000
TOLD_MAX: Final = 200_000

Named = Mapping[EventName, list[Received]]
"""A batch of events by environment and name, as they came."""

WaitKey = tuple[ExecutionId, StepId, int]


class Place(NamedTuple):
    """How far those who wait were told of an event: all before ``name``, and of it to ``after``."""

    name: EventName
    after: Awaiting | None


@dataclass(slots=True)
class _Asking:
    """Some events, and who of those that wait for one name was asked about them: to ``after``."""

    name: EventName
    events: Correlated
    spending: Spending
    breather: Breather
    after: Awaiting | None = None


class Awaited:
    """Looks for the waits that a batch of events ends; asks the database once where there are none.

    What it told lately it does not tell again: until the execution has heard of it, its wait stays
    open, and every further event of the name would find it. Nor does it ask a wait again that keeps
    exceeding its bounds.
    """

    def __init__(
        self,
        platform: Platform,
        expressions: ExpressionCache,
        settings: MatcherSettings,
        metrics: MatcherMetrics,
        budgets: Budgets,
        quarantines: Quarantines,
    ) -> None:
        self._platform = platform
        self._expressions = expressions
        self._metrics = metrics
        self._budgets = budgets
        self._quarantines = quarantines
        self._strikes = Strikes[WaitKey](
            times=settings.quarantine_after, within_s=settings.quarantine_within_s
        )
        self._done: dict[WaitKey, None] = {}
        self._breather = Breather(platform.clock)

    async def tell(self, named: Named) -> Sequence[LateEvent]:
        """Publish what these events are to the steps that wait now. Raises Unavailable.

        What an environment has no time left for is late.
        """
        late: dict[EventKey, LateEvent] = {}
        for name in await self._names(named):
            told = [(record.value or b"", _view(record)) for record in _records(named, name)]
            if not told:
                continue
            environment_id = name.environment_id
            spending = Spending(self._budgets.left_s(environment_id))
            events = Correlated([view for _, view in told])
            await self._tell_all(_Asking(name, events, spending, self._breather))
            self._budgets.spend(environment_id, spending.spent_s)
            for value, view in told if spending.is_cut else ():
                late[view.event.key] = LateEvent(
                    environment_id=environment_id,
                    key=view.event.key,
                    first=AFTER_ALL,
                    event=value,
                )
        return list(late.values())

    async def tell_late(
        self, event: Event, breather: Breather, *, within_s: float, place: Place | None
    ) -> Place | None:
        """Publish what one event is, from a place on; None: to all.

        After ``within_s`` the rest is left. Raises Unavailable.
        """
        events, spending = Correlated([EventView(event)]), Spending(within_s)
        own = EventName(event.environment_id, event.type)
        for name in sorted(await self._names([own])):
            is_asked = place is not None and name < place.name
            if is_asked or not _names_it(name, own):
                continue
            after = place.after if place is not None and name == place.name else None
            asking = _Asking(name, events, spending, breather, after)
            await self._tell_all(asking)
            if spending.is_cut:
                reached = asking.after
                return Place(name, None if reached is None else replace(reached, data={}))
        return None

    async def _names(self, named: Iterable[EventName]) -> Sequence[EventName]:
        places = list(named)
        if not places:
            return ()
        with translated():
            async with self._platform.pool.acquire() as conn:
                return await list_names(conn, places)

    async def _tell_all(self, asking: _Asking) -> None:
        """Tell all who wait for one name, a bounded number at a time, while there is time."""
        is_last = False
        while not (is_last or asking.spending.is_cut):
            with translated():
                async with self._platform.pool.acquire() as conn:
                    waits = await list_waits(
                        conn, asking.name, after=asking.after, limit=WAITS_AT_ONCE
                    )
            is_last = len(waits) < WAITS_AT_ONCE
            await self._tell_some(waits, asking)

    async def _tell_some(self, waits: Sequence[Awaiting], asking: _Asking) -> None:
        told: dict[WaitKey, Record] = {}
        size = 0
        for wait in waits:
            view = await self._first(wait, asking)
            if asking.spending.is_cut:
                break
            asking.after = wait
            if view is None:
                continue
            record = told[_key(wait)] = self._record(wait, view)
            size += len(record.value or b"")
            if size >= TOLD_BYTES_AT_ONCE:
                await self._publish(told, asking.name.environment_id)
                told, size = {}, 0
        await self._publish(told, asking.name.environment_id)

    async def _first(self, wait: Awaiting, asking: _Asking) -> EventView | None:
        """The first event that ends a wait; None also where there is no time to find it."""
        key = _key(wait)
        await asking.breather.breathe()
        for view in () if key in self._done else asking.events.candidates(wait.data):
            await asking.breather.breathe()
            if key in self._done or not wait.counts(view.event):
                continue
            if not asking.spending.may_go_on():
                return None
            if await self._is_ended(wait, view, asking.spending):
                return view
        return None

    async def _is_ended(self, wait: Awaiting, view: EventView, spending: Spending) -> bool:
        clock, event = self._platform.clock, view.event
        began_s = clock.monotonic()
        verdict = try_wait(view, wait.data, self._expressions)
        spending.add(event.key, clock.monotonic() - began_s)
        error = verdict.error
        if error is not None and error.code in OUT_OF_BOUNDS:
            exceeded = Exceeded(
                workflow_id=wait.workflow_id,
                version=wait.workflow_version,
                event=event,
                code=error.code,
                detail=f"{wait.step_id}: wait/match: {error}",
            )
            await self._quarantines.add(exceeded)
            self._set_aside(wait, exceeded)
        return verdict.truth is Truth.TRUE

    def _set_aside(self, wait: Awaiting, exceeded: Exceeded) -> None:
        """Ask it no more, if it has exceeded its bounds too often; where its workflow has: now."""
        key, now_s = _key(wait), self._platform.clock.monotonic()
        is_too_often = self._strikes.add(key, exceeded.event.key, now_s)
        if is_too_often or wait.is_quarantined:
            self._finish([key])
            log.warning(
                "wait_set_aside",
                environment_id=str(exceeded.event.environment_id),
                workflow_id=str(wait.workflow_id),
                execution_id=str(wait.execution_id),
                step_id=wait.step_id,
                event_key=str(exceeded.event.key),
                detail=exceeded.detail,
            )

    async def _publish(self, told: Mapping[WaitKey, Record], environment_id: EnvironmentId) -> None:
        await self._platform.bus.publish(list(told.values()))
        self._metrics.answered.add(environment_id, count=len(told))
        self._finish(told)

    def _finish(self, waits: Iterable[WaitKey]) -> None:
        """Ask these no more; the ones of longest ago are forgotten."""
        self._done |= dict.fromkeys(waits)
        for key in list(islice(self._done, max(0, len(self._done) - TOLD_MAX))):
            del self._done[key]

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


def _key(wait: Awaiting) -> WaitKey:
    return wait.execution_id, wait.step_id, wait.attempt


def _records(named: Named, name: EventName) -> Sequence[Received]:
    """The events that a name names, in the order in which they came."""
    return [record for place, some in named.items() if _names_it(name, place) for record in some]


def _names_it(name: EventName, own: EventName) -> bool:
    return own.environment_id == name.environment_id and is_named(own.name, name.name)


def _view(record: Received) -> EventView:
    return EventView(decode_event(orjson.loads(record.value or b"")))
