"""The local bus' records in Postgres: appending, reading, trimming; and what its errors mean."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

import asyncpg
import orjson

from shared.bus.protocol import Extent, Headers, Received, Record, TopicPartition
from shared.domain.errors import Unavailable
from shared.runtime.postgres_faults import PASSING, is_passing
from shared.runtime.sql import statements

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

SQL: Final = statements(Path(__file__).with_name("queries"))
_FETCH_BYTES: Final = 1_048_576


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable for the faults that pass with time; every other error goes on as it is."""
    try:
        yield
    except PASSING as fault:
        if not is_passing(fault):
            raise
        raise Unavailable(f"The bus cannot reach Postgres: {fault!r}") from fault


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTopic:
    """A topic as the tables know it."""

    name: str
    topic_id: int
    partitions: int


class Store:
    """The tables ``bus_topics``, ``bus_partitions`` and ``bus_records``.

    A topic's id and partition count never change, so they are asked once.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._by_name: dict[str, StoredTopic] = {}
        self._names: dict[int, str] = {}

    async def topic(self, name: str) -> StoredTopic | None:
        """The topic named so, if it exists."""
        if name not in self._by_name:
            with translated():
                row = await self.pool.fetchrow(SQL["find_topic"], name)
            if row is None:
                return None
            self._by_name[name] = StoredTopic(
                name=name, topic_id=row["topic_id"], partitions=row["partitions"]
            )
            self._names[row["topic_id"]] = name
        return self._by_name[name]

    async def add_topic(self, name: str, partitions: int) -> None:
        """Create a topic unless it exists."""
        with translated():
            await self.pool.execute(SQL["add_topic"], name, partitions)

    async def append(
        self, placed: Sequence[tuple[TopicPartition, Sequence[Record]]], now: datetime
    ) -> None:
        """Append the records, whose topics were asked for before; all or none."""
        rows = [
            (self._by_name[at.topic].topic_id, at.partition, r.key, r.value, _packed(r.headers))
            for at, records in placed
            for r in records
        ]
        with translated():
            await self.pool.execute(SQL["append_records"], *zip(*rows, strict=True), now)

    async def read(
        self, positions: Mapping[TopicPartition, int], records_max: int
    ) -> Mapping[TopicPartition, Sequence[Received]]:
        """The next records from ``positions`` on; partitions named first are served first."""
        topic_ids, partitions = self.columns(positions)
        starts = list(positions.values())
        with translated():
            rows = await self.pool.fetch(
                SQL["read_records"], topic_ids, partitions, starts, records_max, _FETCH_BYTES
            )
        found: dict[TopicPartition, list[Received]] = {}
        for topic_id, partition, offset, published_at, key, value, headers in rows:
            record = Received(
                topic=self._names[topic_id],
                partition=partition,
                offset=offset,
                key=key,
                value=value,
                headers=_unpacked(headers),
                published_at=published_at,
            )
            found.setdefault(TopicPartition(record.topic, partition), []).append(record)
        return found

    async def heads(self, places: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The offset that the next record of each partition will get."""
        with translated():
            rows = await self.pool.fetch(SQL["list_heads"], *self.columns(places))
        return {self.place(row): row["next_offset"] for row in rows}

    async def extents(self, topic: StoredTopic, since: datetime) -> Mapping[TopicPartition, Extent]:
        """What each partition of a topic holds, and where it has come to ``since`` a time."""
        with translated():
            rows = await self.pool.fetch(
                SQL["list_extents"], topic.topic_id, since, topic.partitions
            )
        return {
            TopicPartition(topic.name, partition): Extent(first=first, since=since_at, next=next_)
            for partition, first, since_at, next_ in rows
        }

    async def committed(self, topic: StoredTopic, group: str) -> Mapping[TopicPartition, int]:
        """Where a group has come to in each partition of a topic."""
        with translated():
            rows = await self.pool.fetch(
                SQL["list_positions"], group, topic.topic_id, topic.partitions
            )
        return {TopicPartition(topic.name, partition): at for partition, at in rows}

    async def trim(self, before: datetime, records_max: int) -> int:
        """Delete old records that all groups have passed; how many there were."""
        with translated():
            status = await self.pool.execute(SQL["trim_records"], before, records_max)
        return int(status.removeprefix("DELETE "))

    def columns(
        self, places: Sequence[TopicPartition] | Mapping[TopicPartition, int]
    ) -> tuple[list[int], list[int]]:
        """Topic ids and partitions of ``places``, as the statements take them."""
        return (
            [self._by_name[at.topic].topic_id for at in places],
            [at.partition for at in places],
        )

    def place(self, row: asyncpg.Record) -> TopicPartition:
        """The partition that ``row`` (topic_id, partition) is about."""
        return TopicPartition(self._names[row["topic_id"]], row["partition"])


def _packed(headers: Headers) -> bytes | None:
    # Latin-1 maps each byte to one character and back, so any value fits into JSON.
    if not headers:
        return None
    return orjson.dumps([(name, value.decode("latin-1")) for name, value in headers])


def _unpacked(packed: bytes | None) -> Headers:
    if packed is None:
        return ()
    return tuple((name, value.encode("latin-1")) for name, value in orjson.loads(packed))
