"""Live updates: what happens in executions, passed on from the topics to whoever listens.

A process follows the topics for all its listeners at once, from the first one's coming to the last
one's leaving; while nobody listens it does nothing.
"""

import asyncio
from collections import Counter as Counted
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import Gauge

from services.api.http.problems import TOO_MANY_LISTENERS, TOO_MANY_REQUESTS, NotNow
from services.api.live.places import Places, id_of, places_of
from services.api.live.recent import Ending, Ring
from services.api.live.records import Kind
from services.api.live.settings import LiveSettings
from services.api.login.identities import ANONYMOUS, OPERATOR
from services.api.resources import STOP, ApiResources
from shared.bus.beside import beside
from shared.bus.protocol import Extent, Received, TopicPartition
from shared.domain.errors import Problem, TurnoutError, Unavailable
from shared.domain.ids import EnvironmentId
from shared.runtime.environment_names import EnvironmentCounter

_OPEN_WITHIN_S: Final = 10
_PAUSE_S: Final = 1.0
_AT_ONCE: Final = 100
_FULL: Final = "There is no room for more streams at the moment."
_ENOUGH: Final = "You have too many streams open: close one."
_UNLIMITED: Final = frozenset({ANONYMOUS.counted_as, OPERATOR.counted_as})

log: Final = structlog.get_logger(__name__)


class Live:
    """The listeners of a process, and what is held for them."""

    def __init__(self, resources: ApiResources, settings: LiveSettings) -> None:
        topics, registry = resources.topics, resources.registry
        self.settings = settings
        self._resources = resources
        self._kinds: Mapping[str, Kind] = {
            topics.executions: Kind.EXECUTIONS,
            topics.step_results: Kind.STEPS,
        }
        self._ring: Ring | None = None
        self._of: Counted[str] = Counted()
        self._some, self._none, self._opened = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._is_stopping = False
        self._listeners = Gauge(
            "turnout_live_listeners", "Streams of live updates that are open", registry=registry
        )
        self.passed = EnvironmentCounter(
            "turnout_live_events",
            "Events passed on to listeners",
            names=resources.environment_names,
            registry=registry,
        )
        self._ended = EnvironmentCounter(
            "turnout_live_streams_ended",
            "Streams of live updates that Turnout ended early",
            ["reason"],
            names=resources.environment_names,
            registry=registry,
        )

    @asynccontextmanager
    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Follow the topics while somebody listens, until the application, or its process, ends."""

        async def stopped() -> None:
            if STOP in app:
                await app[STOP].wait()
                await self.stop(app)

        async with beside(self._run()), beside(stopped()):
            yield

    async def stop(self, _app: web.Application) -> None:
        """Send everybody away, and let nobody in any more."""
        self._is_stopping = True
        if self._ring is not None:
            self._ring.close(Ending.STOPPING)

    @asynccontextmanager
    async def listen(self, who: str) -> AsyncIterator[Ring]:
        """One more listener. Raises NotNow when there are too many, and Unavailable."""
        self._admit(who)
        self._of[who] += 1
        self._tell_count()
        try:
            yield await self._open_ring()
        finally:
            self._of[who] -= 1
            self._of += Counted()  # forgets those who have no stream any more
            self._tell_count()

    def ended(self, environment_id: EnvironmentId | None, ending: Ending) -> None:
        """Note that a stream of an environment was ended."""
        self._ended.add(environment_id, ending.value)

    def id_of(self, places: Places) -> str:
        """The id of an event after which a listener is at ``places``."""
        return id_of(tuple(self._kinds), places)

    def places_of(self, written: str) -> Places | None:
        """The places of an id; None for what is none."""
        return places_of(tuple(self._kinds), written)

    async def resumes(self, ring: Ring, places: Places) -> dict[TopicPartition, int] | None:
        """Where a listener goes on who was at ``places``; None when something since is not kept.

        Of partitions that it has not heard of: from their beginning. Raises Unavailable.
        """
        known = {at: places.get(at, 0) for at in ring.start}
        if places.keys() <= known.keys() and ring.holds(known) and not _is_beyond(known, ring.now):
            return known
        extents = await self._extents()
        missed = sum(max(0, ring.start[at] - offset) for at, offset in known.items())
        is_kept = places.keys() <= known.keys() and all(
            extents[at].first <= offset <= extents[at].next for at, offset in known.items()
        )
        return known if is_kept and missed <= self.settings.missed_records_max else None

    def missed(
        self, ring: Ring, places: Places
    ) -> AbstractAsyncContextManager[AsyncIterator[Received]]:
        """The records after ``places`` that are no longer in the ring."""
        behind = {at: range(offset, ring.start[at]) for at, offset in places.items()}
        return self._resources.bus.history({at: held for at, held in behind.items() if held})

    def _admit(self, who: str) -> None:
        settings = self.settings
        if self._is_stopping or self._of.total() >= settings.streams_max:
            problem = Problem(pointer="", code=TOO_MANY_LISTENERS, detail=_FULL)
        elif who not in _UNLIMITED and self._of[who] >= settings.streams_of_one_max:
            problem = Problem(pointer="", code=TOO_MANY_REQUESTS, detail=_ENOUGH)
        else:
            return
        raise NotNow(problem, {"Retry-After": str(max(1, round(settings.retry_s)))})

    def _tell_count(self) -> None:
        count = self._of.total()
        self._listeners.set(count)
        there, gone = (self._some, self._none) if count else (self._none, self._some)
        there.set()
        gone.clear()

    async def _open_ring(self) -> Ring:
        try:
            async with asyncio.timeout(_OPEN_WITHIN_S):
                while self._ring is None:
                    await self._opened.wait()
        except TimeoutError:
            raise Unavailable("The topics cannot be followed.") from None
        return self._ring

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            try:
                await self._follow()
            except TurnoutError as error:
                log.warning("live_updates_unavailable", reason=error.message)
                await self._resources.clock.sleep(_PAUSE_S)

    async def _follow(self) -> None:
        """Hold what comes, beginning a little before now, until nobody listens."""
        extents, most = await self._extents(), self.settings.recent_records_max
        start = {at: max(e.since, e.next - most) for at, e in extents.items()}
        heads = {at: e.next for at, e in extents.items()}
        ring = Ring(self._kinds, start, heads, self.settings)
        async with self._resources.bus.tail(tuple(self._kinds), start) as records:
            self._ring = ring
            self._opened.set()
            if self._is_stopping:
                ring.close(Ending.STOPPING)
            async with beside(_fill(ring, records)):
                try:
                    while self._of:
                        await self._none.wait()
                finally:  # at once: whoever comes now is to wait for the next ring
                    self._ring = None
                    self._opened.clear()
                    ring.close(Ending.UNAVAILABLE)

    async def _extents(self) -> dict[TopicPartition, Extent]:
        since = self._resources.clock.now() - timedelta(seconds=self.settings.recent_s)
        found: dict[TopicPartition, Extent] = {}
        for topic in self._kinds:
            found.update(await self._resources.bus.extents(topic, since))
        return found


async def _fill(ring: Ring, records: AsyncIterator[Received]) -> None:
    async for record in records:
        ring.add(record)
        if ring.end % _AT_ONCE == 0:
            await asyncio.sleep(0)  # a burst is not to hold up everything else


def _is_beyond(places: Places, others: Places) -> bool:
    return any(offset > others[at] for at, offset in places.items())


LIVE: Final = web.AppKey("live", Live)
