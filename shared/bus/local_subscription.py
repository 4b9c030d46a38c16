"""A member of a consumer group of the local bus."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from shared.bus.beside import set_within
from shared.bus.local_group import Seat, Signs
from shared.bus.local_store import Store
from shared.bus.protocol import Assignee, Received, TopicPartition
from shared.domain.errors import Rejected, Unavailable
from shared.runtime.roles import heed_cancellation

_RETRY_S: Final = 0.5

_log: Final = structlog.get_logger(__name__)

Records = Mapping[TopicPartition, Sequence[Received]]


@dataclass(slots=True, eq=False)
class _Cursor:
    """Where reading stands in a partition, during one ownership of it."""

    position: int
    paused: bool = False


class LocalSubscription:
    """See ``protocol.Subscription``. A partition that comes back after a rebalance is resumed."""

    def __init__(
        self,
        store: Store,
        seat: Seat,
        assignee: Assignee | None,
        *,
        on_release: Callable[[], None],
        news: asyncio.Event,
        regrouped: asyncio.Event,
        ttl_s: float,
    ) -> None:
        """``news`` is set when records may have come, ``regrouped`` when members or owners changed.

        ``on_release`` is called when other members may take partitions that were this one's.
        """
        self._store = store
        self._seat = seat
        self._assignee = assignee
        self._on_release = on_release
        self._news = news
        self._regrouped = regrouped
        self._ttl_s = ttl_s
        self._kept_until = 0.0
        self._cursors: dict[TopicPartition, _Cursor] = {}
        self._signs: Signs | None = None
        self._failure: Exception | None = None
        self._finishing = False
        self._changing = asyncio.Lock()

    async def fetch(self, *, max_records: int, wait_s: float) -> Records:
        deadline = time.monotonic() + wait_s
        while True:
            if self._failure:
                raise self._failure
            found = await self._read(max_records) if self._news.is_set() else {}
            left_s = deadline - time.monotonic()
            if found or left_s <= 0:
                return found
            await set_within(self._news, left_s)

    async def _read(self, max_records: int) -> Records:
        """The next records, unless there are none; then not again before there is news."""
        self._news.clear()
        cursors = {at: cursor for at, cursor in self._cursors.items() if not cursor.paused}
        # Past that time another member may own what we think is ours.
        if not cursors or time.monotonic() > self._kept_until:
            return {}
        is_done = False
        try:
            read = await self._store.read(
                {at: cursor.position for at, cursor in cursors.items()}, max_records
            )
            found = {
                at: records
                for at, records in read.items()
                if self._cursors.get(at) is cursors[at] and not cursors[at].paused
            }
            is_done = not found
        finally:
            if not is_done:
                self._news.set()
        for at, records in found.items():
            cursors[at].position = records[-1].offset + 1
            # Served last next time.
            self._cursors[at] = self._cursors.pop(at)
        return found

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        owned = {at: position for at, position in positions.items() if at in self._cursors}
        if owned:
            await self._seat.commit(owned)

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self._set_paused(partitions, paused=True)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self._set_paused(partitions, paused=False)
        self._news.set()

    def _set_paused(self, partitions: Sequence[TopicPartition], *, paused: bool) -> None:
        for at in partitions:
            if at in self._cursors:
                self._cursors[at].paused = paused

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._cursors)

    async def lag(self) -> Mapping[TopicPartition, int]:
        heads = await self._store.heads(list(self._cursors))
        # Partitions may have come and gone meanwhile.
        return {at: heads[at] - c.position for at, c in self._cursors.items() if at in heads}

    async def ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        for topic in {at.topic for at in partitions}:
            if await self._store.topic(topic) is None:
                raise Rejected(f"There is no topic {topic!r}")
        return await self._store.heads(partitions)

    def kept(self, began: float, signs: Signs | None) -> None:
        """Take note of a touch of the seat that began at a time; no signs: the seat is lost."""
        if signs is None:
            self._regrouped.set()
            return
        self._keep_until(began + self._ttl_s)
        if self._signs is None or signs.group != self._signs.group:
            self._regrouped.set()
        if self._signs is None or signs.records != self._signs.records:
            self._news.set()
        self._signs = signs

    def _keep_until(self, until: float) -> None:
        if time.monotonic() > self._kept_until:
            self._news.set()  # what came meanwhile was not read
        self._kept_until = max(self._kept_until, until)

    async def follow(self) -> None:
        """Take and give partitions as the group changes; ends after ``finish`` or an error."""
        while not self._finishing and self._failure is None:
            self._regrouped.clear()
            try:
                await self._regroup()
            except Unavailable as error:
                heed_cancellation()
                _log.warning("group_not_reached", reason=str(error))
                await asyncio.sleep(_RETRY_S)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next fetch raises it
                self._failure = error
                self._news.set()
            else:
                await self._regrouped.wait()

    async def finish(self) -> None:
        """Let the assignee finish all partitions; take none from now on."""
        self._finishing = True
        async with self._changing:
            await self._give_up(self.assignment())

    async def _regroup(self) -> None:
        async with self._changing:
            if not self._finishing:
                await self._follow_plan()

    async def _follow_plan(self) -> None:
        began = time.monotonic()
        plan = await self._seat.plan(self.assignment())
        if plan is None:
            self._kept_until = 0.0
            await self._give_up(self.assignment())
            await self._seat.join()
            self._regrouped.set()
            return
        self._keep_until(began + self._ttl_s)
        if plan.give:
            await self._give_up(plan.give)
            await self._seat.release(except_for=self.assignment())
            self._on_release()
        if plan.take:
            await self._take_over(plan.take)

    async def _take_over(self, committed: Mapping[TopicPartition, int]) -> None:
        places = sorted(committed)
        named = await self._assignee.assigned(places) if self._assignee else {}
        heads = await self._store.heads(places)
        for at in places:
            position = named.get(at, committed[at])
            if position > heads[at]:
                # As Kafka does: a position that is not there means that data was lost.
                _log.warning("position_out_of_range", partition=at, position=position)
                position = 0
            self._cursors[at] = _Cursor(position)
        self._news.set()

    async def _give_up(self, places: frozenset[TopicPartition]) -> None:
        try:
            if places and self._assignee:
                await self._assignee.revoked(sorted(places))
        finally:
            for at in places:
                self._cursors.pop(at, None)
