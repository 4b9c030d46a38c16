"""Records that could not be used, kept until somebody tries them again or lets them go.

Of each environment the latest ``KEPT_MAX`` are kept: whoever sends only garbage fills no disk.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.runtime.sql import statements
from shared.wire.dead_letters import KEY_BYTES_MAX, VALUE_BYTES_MAX, DeadLetter, Unusable

KEPT_MAX: Final = 10_000
HEADER_BYTES_MAX: Final = 65_536

_NAMESPACE: Final = UUID("0b0f7f5e-6a3c-5d0e-8f5b-2f5f6f0e9d14")
_SQL = statements(Path(__file__).parent / "queries" / "dead_letters")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLetter(Unusable):
    """A letter and the environment that has it, without what its record held.

    Unless it ``is_whole``, parts of that were too large to be kept.
    """

    id: UUID
    environment_id: EnvironmentId
    at: datetime
    value_bytes: int
    is_whole: bool


class Contents(NamedTuple):
    """What the record of a letter held; the value is cut after ``VALUE_BYTES_MAX``."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    """Which letters of an environment; None: any. The times are from-including, to-excluding."""

    environment_id: EnvironmentId
    reason: str | None = None
    topic: str | None = None
    from_at: datetime | None = None
    before_at: datetime | None = None


async def keep_letters(
    conn: Connection, letters: Sequence[DeadLetter], at: datetime, *, nobody: EnvironmentId
) -> None:
    """Keep letters; those without an environment are ``nobody``'s. The same again is kept once."""
    rows = [_row(letter, letter.environment_id or nobody, at) for letter in letters]
    await conn.executemany(_SQL["keep_letter"], rows)
    for environment_id in {letter.environment_id or nobody for letter in letters}:
        await conn.execute(_SQL["forget_letters"], environment_id, KEPT_MAX)


async def list_letters(
    conn: Connection,
    which: LetterFilter,
    *,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[KeptLetter]:
    """Letters, the latest first, before a place."""
    at, id_ = before or (None, None)
    rows = await conn.fetch(
        _SQL["list_letters"],
        which.environment_id,
        which.reason,
        which.topic,
        which.from_at,
        which.before_at,
        at,
        id_,
        limit,
    )
    return [_kept(row) for row in rows]


async def get_letter(conn: Connection, environment_id: EnvironmentId, id_: UUID) -> KeptLetter:
    """One letter. Raises NotFound."""
    row = await conn.fetchrow(_SQL["find_letter"], environment_id, id_)
    if row is None:
        raise absent(id_)
    return _kept(row)


async def list_contents(
    conn: Connection, environment_id: EnvironmentId, ids: Collection[UUID]
) -> dict[UUID, Contents]:
    """What the records of letters held; one that is missing is no longer there.

    Up to ``HEADER_BYTES_MAX`` of headers and ``VALUE_BYTES_MAX`` of value each: ask for few.
    """
    rows = await conn.fetch(_SQL["list_contents"], environment_id, list(ids), len(ids))
    return {
        row["id"]: Contents(
            key=row["key"],
            value=row["value"],
            headers=tuple(zip(row["header_names"], row["header_values"], strict=True)),
        )
        for row in rows
    }


async def take_letters(
    conn: Connection, environment_id: EnvironmentId, ids: Collection[UUID]
) -> frozenset[UUID]:
    """Take letters away; those that are given were there, and are the caller's alone."""
    rows = await conn.fetch(_SQL["take_letters"], environment_id, list(ids))
    return frozenset(row["id"] for row in rows)


def absent(id_: UUID) -> NotFound:
    """What to raise where a letter is not there, or no longer."""
    return NotFound(f"There is no dead letter {id_}.")


def _row(letter: DeadLetter, environment_id: EnvironmentId, at: datetime) -> tuple[object, ...]:
    value, key = letter.value or b"", letter.key or b""
    headers = letter.headers
    has_names = not any("\0" in name for name, _ in headers)
    is_small = has_names and sum(len(n) + len(held) for n, held in headers) <= HEADER_BYTES_MAX
    is_whole = len(value) <= VALUE_BYTES_MAX and len(key) <= KEY_BYTES_MAX and is_small
    return (
        uuid5(_NAMESPACE, letter.record_id),
        environment_id,
        at,
        letter.reason,
        letter.detail.replace("\0", "\ufffd"),
        letter.pointer.replace("\0", "\ufffd"),
        letter.topic,
        letter.partition,
        letter.offset,
        letter.record_key,
        letter.value and letter.value[:VALUE_BYTES_MAX],
        len(value),
        [name for name, _ in headers] if is_small else [],
        [held for _, held in headers] if is_small else [],
        is_whole,
    )


def _kept(row: Record) -> KeptLetter:
    return KeptLetter(
        id=row["id"],
        environment_id=EnvironmentId(row["environment_id"]),
        at=row["at"],
        reason=row["reason"],
        detail=row["detail"],
        pointer=row["pointer"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["record_offset"],
        value_bytes=row["value_bytes"],
        is_whole=row["is_whole"],
    )
