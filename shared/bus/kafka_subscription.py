"""A member of a Kafka consumer group.

Four facts of aiokafka shape this file. It swallows what a rebalance listener raises, so the error
is kept and the next fetch raises it. It yields records of a new partition before the listener is
through with it, so each fetch names the partitions it wants, and begins anew when they change. It
tells that it lives only once the listener is through, so the listener has it begin before. And
while a rebalance lasts it waits without end, so each wait has a limit.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as Place
from aiokafka import errors as kafka
from aiokafka.structs import ConsumerRecord

from shared.bus.kafka_client import translated
from shared.bus.kafka_positions import Committed, Positions
from shared.bus.kafka_records import received
from shared.bus.protocol import Assignee, Received, TopicPartition

# What a fetch may last longer than it was to, because of a rebalance.
_LATE_S: Final = 0.25
_CALL_S: Final = 30.0
_CLOSE_S: Final = 10.0
# Once nothing has come for a while, Kafka is asked less often; see ``_pace``.
_QUIET_AFTER_S: Final = 5.0
_QUIET_WAIT_MS: Final = 2000

_log: Final = structlog.get_logger(__name__)

Records = Mapping[TopicPartition, Sequence[Received]]


class KafkaSubscription:
    """See ``protocol.Subscription``. A partition that comes back after a rebalance is resumed."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        assignee: Assignee | None,
        *,
        check: Callable[[], Awaitable[object]],
        committed: Committed,
        silence_s: float,
    ) -> None:
        """``check`` is asked after ``silence_s`` without records whether Kafka still serves us."""
        self._consumer = consumer
        self._positions = Positions(consumer, committed)
        self._assignee = assignee
        self._check = check
        self._silence_s = silence_s
        self._heard_at = self._busy_at = time.monotonic()
        self._busy_wait_ms: int | None = None
        self._owned: Mapping[Place, TopicPartition] = {}
        self._is_behind = False
        self._failure: Exception | None = None
        self._closing = False
        self._changing = asyncio.Lock()
        self._waiting: asyncio.Timeout | None = None

    async def start(self, topics: Sequence[str]) -> None:
        """Join the group; partitions come later."""
        self._consumer.subscribe(list(topics), listener=_Listener(self))
        with translated("joining a group"):
            await self._consumer.start()

    async def close(self) -> None:
        """Give everything up and leave; a named member keeps its seat for the session timeout."""
        known = self._failure
        self._closing = True
        await self.give_up()
        with translated("leaving a group"), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._consumer.stop()
        if self._failure and self._failure is not known:
            raise self._failure

    async def fetch(self, *, max_records: int, wait_s: float) -> Records:
        deadline = time.monotonic() + wait_s
        while True:
            if self._failure:
                raise self._failure
            found = await self._fetch_once(max_records, max(0.0, deadline - time.monotonic()))
            if found or time.monotonic() >= deadline:
                await self._listen(found)
                return found

    async def _fetch_once(self, max_records: int, wait_s: float) -> Records:
        """What comes within ``wait_s``; nothing, and sooner, when what is owned changes."""
        try:
            async with asyncio.timeout(wait_s + _LATE_S) as self._waiting:
                if not self._owned:
                    await asyncio.sleep(wait_s)
                    return {}
                with translated("fetching"):
                    batches = await self._gather(max_records, math.ceil(wait_s * 1000))
        except TimeoutError:
            return {}
        finally:
            self._waiting = None
        self._pace(is_busy=bool(batches))
        found = self._still_ours(batches)
        return found if await self._positions.look_at(found) else {}

    def _look_again(self) -> None:
        """Have the fetch under way begin anew; aiokafka keeps what it has not given out."""
        if self._waiting is not None:
            self._waiting.reschedule(0)
            self._waiting = None

    async def _gather(
        self, max_records: int, wait_ms: int
    ) -> Mapping[Place, Sequence[ConsumerRecord[bytes, bytes]]]:
        """The next records; when more are at hand, an even share of each partition that has some.

        aiokafka gives out all that it has of one partition before any of the next.
        """
        found: dict[Place, list[ConsumerRecord[bytes, bytes]]] = {}
        left = max_records
        if self._is_behind:
            share = max(1, max_records // len(self._owned))
            for place in list(self._owned):
                some = await self._consumer.getmany(
                    place, timeout_ms=0, max_records=min(share, left)
                )
                found |= some
                left -= len(some.get(place, ()))
                if not left:
                    break
        if left:
            rest = await self._consumer.getmany(
                *self._owned, timeout_ms=0 if found else wait_ms, max_records=left
            )
            for place, records in rest.items():
                found.setdefault(place, []).extend(records)
                left -= len(records)
        self._is_behind = not left
        # Whoever was served now is served last next time.
        self._owned = dict(sorted(self._owned.items(), key=lambda at: at[0] in found))
        return found

    def _pace(self, *, is_busy: bool) -> None:
        """Have a fetch wait longer at the broker when all partitions are quiet.

        One fetch a broker is under way at a time, and whatever comes to a partition in it ends it
        at once. What is not in it must wait for its end: a partition whose records are not taken
        yet, or that is paused. So only those who are up to date with all of theirs ask for long.
        """
        fetcher = self._consumer._fetcher  # noqa: SLF001 - aiokafka takes the wait but once
        assert fetcher is not None, "it has been started"
        if self._busy_wait_ms is None:
            self._busy_wait_ms = fetcher._fetch_max_wait_ms  # noqa: SLF001
        now = time.monotonic()
        if is_busy or self._consumer.paused():
            self._busy_at = now
        is_quiet = now - self._busy_at > _QUIET_AFTER_S
        fetcher._fetch_max_wait_ms = (  # noqa: SLF001
            max(self._busy_wait_ms, _QUIET_WAIT_MS) if is_quiet else self._busy_wait_ms
        )

    def _still_ours(
        self, batches: Mapping[Place, Sequence[ConsumerRecord[bytes, bytes]]]
    ) -> Records:
        """Drop what was revoked meanwhile; put back what came back but is not taken over yet."""
        found = {}
        for place, records in batches.items():
            if place in self._owned:
                found[self._owned[place]] = received(records)
            elif place in self._consumer.assignment():
                self._consumer.seek(place, records[0].offset)
        return found

    async def _listen(self, found: Records) -> None:
        if found:
            self._heard_at = time.monotonic()
        elif time.monotonic() - self._heard_at > self._silence_s:
            await self._check()
            self._heard_at = time.monotonic()

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        ours = {_place(at): position for at, position in positions.items()}
        ours = {place: position for place, position in ours.items() if place in self._owned}
        if not ours:
            return
        with translated("committing"):
            try:
                async with asyncio.timeout(_CALL_S):
                    await self._consumer.commit(ours)
            except (kafka.CommitFailedError, kafka.IllegalStateError) as error:
                _log.debug("commit_dropped", reason=repr(error))

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self._consumer.pause(*self._assigned(partitions))
        self._pace(is_busy=True)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self._consumer.resume(*self._assigned(partitions))

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._owned.values())

    async def lag(self) -> Mapping[TopicPartition, int]:
        owned = self._owned
        with translated("asking for the lag"):
            async with asyncio.timeout(_CALL_S):
                ends = await self._consumer.end_offsets(list(owned))
                return {
                    owned[place]: max(0, end - await self._consumer.position(place))
                    for place, end in ends.items()
                    if place in self._owned
                }

    async def ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        ours = {_place(at): at for at in partitions}
        with translated("asking for ends"):
            async with asyncio.timeout(_CALL_S):
                ends = await self._consumer.end_offsets(list(ours))
        return {ours[place]: end for place, end in ends.items()}

    async def take_over(self, places: Iterable[Place]) -> None:
        """Called by aiokafka when partitions were assigned."""
        async with self._changing:
            owned = {place: TopicPartition(*place) for place in sorted(places)}
            if self._closing or not owned:
                return
            try:
                positions = (
                    await self._assignee.assigned(tuple(owned.values())) if self._assignee else {}
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, the next fetch raises it
                self._failure = error
                self._look_again()
                return
            for at, position in positions.items():
                self._consumer.seek(_place(at), position)
            self._positions.begin(positions)
            self._owned = owned
            self._look_again()

    def tell_of_life(self) -> None:
        """Beat from now on, as Kafka's own client does, not only once all is taken over.

        Else who takes longer than a session would lose what it takes over to another member, which
        would lose it in its turn.
        """
        coordinator = self._consumer._coordinator  # noqa: SLF001 - aiokafka has no other way
        assert coordinator is not None, "it has been started"
        coordinator._start_heartbeat_task()  # noqa: SLF001

    async def give_up(self) -> None:
        """Called by aiokafka when partitions are revoked, and on close."""
        async with self._changing:
            try:
                if self._owned and self._assignee:
                    await self._assignee.revoked(tuple(self._owned.values()))
            except Exception as error:  # noqa: BLE001 - likewise
                self._failure = error
            finally:
                self._positions.begin({})
                self._owned = {}
                self._look_again()

    def _assigned(self, partitions: Sequence[TopicPartition]) -> Sequence[Place]:
        assignment = self._consumer.assignment()
        return [place for place in map(_place, partitions) if place in assignment]


class _Listener(ConsumerRebalanceListener):
    """Passes aiokafka's calls on."""

    def __init__(self, subscription: KafkaSubscription) -> None:
        self._subscription = subscription

    async def on_partitions_revoked(self, revoked: Iterable[Place]) -> None:
        del revoked  # always all: the protocol is the eager one
        await self._subscription.give_up()

    async def on_partitions_assigned(self, assigned: Iterable[Place]) -> None:
        self._subscription.tell_of_life()
        await self._subscription.take_over(assigned)


def _place(at: TopicPartition) -> Place:
    return Place(at.topic, at.partition)
