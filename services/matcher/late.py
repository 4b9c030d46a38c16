"""Events whose environments have used up their time: handled beside the others, bit by bit."""

import asyncio
from collections import OrderedDict
from typing import Final

import orjson

from services.matcher.awaited import Awaited, Place
from services.matcher.breather import Breather
from services.matcher.decider import Decider
from shared.assembly.platform import Platform
from shared.bus.beside import set_within
from shared.db.late_events import AFTER_ALL, BEFORE_ALL, LateEvent, move_on, take_late
from shared.db.pool import Connection, translated
from shared.domain.events import Event
from shared.domain.ids import EventKey
from shared.wire.events import decode_event

LOOK_EVERY_S: Final = 5.0
"""Of its own accord: for what another matcher has left. It is told of what this one puts off."""
SLICE_S: Final = 0.5
SHARE: Final = 0.3
"""Of a matcher's time, for late events of all environments together."""

PLACES_MAX: Final = 1_000
"""Of so many events that are under way it is known who was told; the rest begin anew."""


class Late:
    """Takes late events by turns: an environment's oldest, for a slice, then the next one's."""

    def __init__(self, platform: Platform, decider: Decider, awaited: Awaited) -> None:
        self._platform = platform
        self._decider = decider
        self._awaited = awaited
        self._places = OrderedDict[EventKey, Place]()
        self._after = BEFORE_ALL
        self._told = asyncio.Event()

    def tell(self) -> None:
        """Say that there are late events now."""
        self._told.set()

    async def keep(self) -> None:
        """Decide on late events until cancelled. Raises Unavailable."""
        while True:
            self._told.clear()
            with translated():
                async with self._platform.pool.acquire() as conn, conn.transaction():
                    found = await self._next(conn)
                    if found is not None:
                        await self._decide(conn, found)
            if found is None:
                await set_within(self._told, LOOK_EVERY_S)

    async def _next(self, conn: Connection) -> LateEvent | None:
        found = await take_late(conn, self._after)
        if found is None and self._after != BEFORE_ALL:
            found = await take_late(conn, BEFORE_ALL)
        self._after = BEFORE_ALL if found is None else found.environment_id
        return found

    async def _decide(self, conn: Connection, late: LateEvent) -> None:
        """Its commands are durable before it is moved on, hence told twice rather than never."""
        event = decode_event(orjson.loads(late.event))
        breather = Breather(self._platform.clock, SHARE)
        decided = await self._decider.decide(
            event,
            late.event,
            breather,
            within_s=SLICE_S,
            first=late.first,
            matched=late.matched,
        )
        await self._platform.bus.publish(decided.commands)
        rest, matched = decided.rest, decided.matched
        if rest is None and not await self._tell(event, breather, SLICE_S - decided.spent_s):
            rest = AFTER_ALL
        await move_on(conn, late, rest, matched=matched)

    async def _tell(self, event: Event, breather: Breather, within_s: float) -> bool:
        """Go on telling those who wait for an event; whether all are told.

        How far it has got only this matcher knows: another begins anew, and tells some twice.
        """
        place = await self._awaited.tell_late(
            event, breather, within_s=within_s, place=self._places.pop(event.key, None)
        )
        if place is None:
            return True
        self._places[event.key] = place
        if len(self._places) > PLACES_MAX:
            self._places.popitem(last=False)
        return False
