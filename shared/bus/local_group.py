"""Consumer groups in Postgres: who sits in a group, and which partitions each member owns.

A member takes a partition only when nobody owns it: whoever has it first finishes, then releases
it. A member that does not touch its seat in time loses it, and with it what it owns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.bus.local_store import SQL, Store, StoredTopic, translated
from shared.bus.protocol import TopicPartition

_Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a member is to do next."""

    take: Mapping[TopicPartition, int]  # owned from now on, with the group's positions
    give: frozenset[TopicPartition]  # to finish and release


@dataclass(frozen=True, slots=True)
class Signs:
    """What a member sees as it touches its seat; each is another when it has to look closer."""

    group: str  # of who sits in the group, is lost, owns what
    records: int  # that came to its topics


async def touched(
    store: Store, seats: Sequence[tuple[str, str, UUID]], *, ttl_s: float
) -> Mapping[UUID, Signs]:
    """Keep seats, in one statement; by their sessions, without those that are lost."""
    groups, members, sessions = zip(*seats, strict=True)
    with translated():
        rows = await store.pool.fetch(SQL["touch_seats"], groups, members, sessions, ttl_s)
    return {row["session"]: Signs(row["group_mark"], row["records"]) for row in rows}


class Seat:
    """One member's place in a group, under one session at a time."""

    def __init__(
        self, store: Store, topics: Sequence[StoredTopic], *, group: str, member: str, ttl_s: float
    ) -> None:
        self._store = store
        self._topics = topics
        self._group = group
        self._member = member
        self._ttl_s = ttl_s
        self._session = uuid4()

    async def join(self) -> None:
        """Sit down under a new session; an earlier one of the same name loses its seat."""
        self._session = uuid4()
        names = [topic.name for topic in self._topics]
        with translated():
            async with self._store.pool.acquire() as conn, conn.transaction():
                await conn.execute(SQL["add_group"], self._group)
                await conn.execute(SQL["lock_group"], self._group)
                await conn.execute(*self._named("join_group"), names)

    @property
    def row(self) -> tuple[str, str, UUID]:
        """Its group, member and session, for ``touched``."""
        return self._group, self._member, self._session

    async def plan(self, owned: frozenset[TopicPartition]) -> Plan | None:
        """Take what is free of this member's share, and name what is to be given up.

        ``owned`` is what the member holds: what else the tables call its own, because an earlier
        call was cut short, is freed. None when the seat is lost.
        """
        with translated():
            async with self._store.pool.acquire() as conn, conn.transaction():
                await conn.execute(SQL["lock_group"], self._group)
                if not await conn.fetch(*self._named("touch_member")):
                    return None
                await conn.execute(SQL["remove_lost_members"], self._group, self._ttl_s)
                await conn.execute(SQL["free_partitions"], self._group)
                await conn.execute(*self._owning("release_partitions", sorted(owned)))
                share = await self._share(conn)
                rows = await conn.fetch(*self._owning("claim_partitions", sorted(share - owned)))
        take = {self._store.place(row): row["position"] for row in rows}
        return Plan(take=take, give=owned - share)

    async def release(self, *, except_for: frozenset[TopicPartition]) -> None:
        """Let others take what this session owns, apart from ``except_for``."""
        with translated():
            await self._store.pool.execute(*self._owning("release_partitions", sorted(except_for)))

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Store positions of what this session owns; drop the others."""
        offsets = list(positions.values())
        with translated():
            await self._store.pool.execute(
                *self._owning("commit_positions", list(positions)), offsets
            )

    async def leave(self) -> None:
        """Stand up and free everything."""
        with translated():
            async with self._store.pool.acquire() as conn, conn.transaction():
                await conn.execute(SQL["lock_group"], self._group)
                await conn.execute(SQL["leave_group"], self._group, self._session)
                await conn.execute(SQL["free_partitions"], self._group)

    async def _share(self, conn: _Connection) -> frozenset[TopicPartition]:
        rows = await conn.fetch(SQL["list_members"], self._group)
        members = {row["member"]: frozenset(row["topics"]) for row in rows}
        return share_of(self._member, members, self._topics)

    def _named(self, statement: str) -> tuple[str, str, str, UUID]:
        return SQL[statement], self._group, self._member, self._session

    def _owning(
        self, statement: str, places: Sequence[TopicPartition]
    ) -> tuple[str, str, UUID, list[int], list[int]]:
        return SQL[statement], self._group, self._session, *self._store.columns(places)


def share_of(
    member: str, members: Mapping[str, frozenset[str]], topics: Sequence[StoredTopic]
) -> frozenset[TopicPartition]:
    """The partitions of ``topics`` that are ``member``'s, given who reads which topics.

    Each partition has one reader, and members in their order take turns, so the same names always
    get the same partitions. A topic's turns start at its id, so that small topics spread.
    """
    share = set()
    for topic in topics:
        readers = sorted(name for name, read in members.items() if topic.name in read)
        share |= {
            TopicPartition(topic.name, partition)
            for partition in range(topic.partitions)
            if readers[(topic.topic_id + partition) % len(readers)] == member
        }
    return frozenset(share)
