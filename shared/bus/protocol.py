"""The bus: an ordered, partitioned, durable log of records.

Two implementations pass one conformance suite (``tests/contract/test_bus.py``):
``kafka.KafkaBus`` (Apache Kafka) and ``local.LocalBus`` (the same semantics, kept in Postgres).

What both promise:

* ``publish`` returns only when every record is durable. Records of one partition keep the order
  in which they were given. After an error any prefix may have been written: publish again,
  consumers drop repeats by id.
* A partition is read by at most one member of a group at a time, in order, from the position its
  ``Assignee`` names or else from the group's committed position or else from the oldest record.
* ``commit`` is the caller's: nothing is ever committed on its behalf.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from zlib import crc32

from shared.domain.errors import Rejected

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One partition of one topic; partitions count from 0."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic to create. ``partitions`` applies only when the topic does not exist yet."""

    name: str
    partitions: int


class TooLarge(Rejected):
    """A record is larger than the bus, or its topic there, takes."""


class Record(NamedTuple):
    """A record to publish.

    ``partition`` None means ``partition_of(key)``, or any partition for a record without a key.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What a partition holds: offsets from ``first`` up to, not including, ``next``.

    ``since`` is the first of them that was published at or after the time asked for.
    """

    first: int
    since: int
    next: int


class Received(NamedTuple):
    """A record as read; ``offset`` is its position in the partition, from 0, ascending.

    However often it is read, it is the same, ``published_at`` too.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    published_at: datetime


class Assignee(Protocol):
    """What a subscriber does when partitions come and go. Both calls are awaited by the bus."""

    async def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Take over ``partitions``; return the positions to read from, where they are known.

        No record of these partitions is fetched before this returns. An error here ends the
        subscription: the next ``fetch`` raises it.
        """
        ...

    async def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Finish or drop work on ``partitions``; another member may own them on return.

        Commits of these partitions made in here still count. Also called on close.
        """
        ...


class Subscription(Protocol):
    """A member of a consumer group."""

    async def fetch(
        self, *, max_records: int, wait_s: float
    ) -> Mapping[TopicPartition, Sequence[Received]]:
        """The next records per partition, in order; empty when none came within ``wait_s``.

        At most ``max_records`` over all partitions. Raises Unavailable while the bus cannot be
        reached for longer than its own retries last.
        """
        ...

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Make the positions (offset of the next record to read) the group's own.

        A position of a partition that this member no longer owns is dropped in silence:
        its new owner reads those records again, which is harmless.
        """
        ...

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Fetch nothing from ``partitions`` until ``resume``; membership is kept.

        The pause ends when the partition is revoked. Those not owned are passed over.
        """
        ...

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Fetch from ``partitions`` again."""
        ...

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions this member owns now."""
        ...

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Records not yet fetched, for each partition of the assignment."""
        ...

    async def ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The offset that the next record of each will get; of any topics that exist."""
        ...


class Bus(Protocol):
    """A connection to the bus; shared by all roles in a process."""

    async def ensure_topics(self, topics: Sequence[Topic]) -> None:
        """Create the topics that do not exist; leave the others as they are."""
        ...

    async def partitions(self, topic: str) -> int:
        """How many partitions ``topic`` has. Raises Rejected when it does not exist."""
        ...

    def spread(self, topic: str, *, over: int) -> None:
        """Use the first so many partitions of ``topic`` only, whatever was added to it.

        They are then what ``partitions`` gives; a group's members are assigned the others too.
        """
        ...

    async def publish(self, records: Sequence[Record]) -> None:
        """Append the records; see the module's promises.

        Raises Unavailable, or Rejected (TooLarge, an unknown topic): then nothing was written,
        unless only the server found a record too large.
        """
        ...

    def subscribe(
        self,
        topics: Sequence[str],
        *,
        group: str,
        assignee: Assignee | None = None,
        member: str | None = None,
    ) -> AbstractAsyncContextManager[Subscription]:
        """Join ``group``; raises Rejected when a topic does not exist.

        ``member`` is a stable name: a process that returns under the same name gets its
        partitions back at once (Kafka: static membership). Until then they have no reader, for
        the session timeout at most.
        """
        ...

    def tail(
        self, topics: Sequence[str], start: Mapping[TopicPartition, int] | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Received]]:
        """Every record published after the context is entered, outside any group.

        Of the partitions that ``start`` names: every record from that position on.
        """
        ...

    async def extents(self, topic: str, since: datetime) -> Mapping[TopicPartition, Extent]:
        """What each partition of ``topic`` holds now. Raises Rejected when there is no topic.

        ``first`` is above 0 once the oldest records were deleted.
        """
        ...

    async def committed(self, topic: str, group: str) -> Mapping[TopicPartition, int]:
        """The positions that ``group`` has committed; partitions where it never did are left out.

        What the group had not committed before this call may be missing.
        """
        ...

    def history(
        self, ranges: Mapping[TopicPartition, range]
    ) -> AbstractAsyncContextManager[AsyncIterator[Received]]:
        """The records at these offsets, outside any group; ends after the last of them.

        Each partition's come in order; offsets at which there is no record any more are passed
        over.
        """
        ...

    async def check(self) -> None:
        """Return when the bus answers. Raises Unavailable."""
        ...


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of ``key``: CRC-32 modulo the count, as librdkafka's ``consistent``."""
    return crc32(key) % partitions
