"""What every search promises: so much is looked at for a page, and what is left is never hidden.

A search walks by time, along an index. Conditions that no index has are judged on the way, so a
page may end before it is full; then it says where it left off.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Generic, TypeVar
from uuid import UUID

from asyncpg import Record

from shared.db.pool import Connection
from shared.runtime.sql import statements

LOOKED_AT_MAX: Final = 1_000

_WITHIN_S: Final = 5
_SQL = statements(Path(__file__).parent / "queries" / "search")

Place = tuple[datetime, UUID]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[T]):
    """A page of what matches; ``after`` is where it ends, None: nothing is left.

    ``is_cut``: it ends there because so much was looked at, and no longer; it may have few, or no,
    items for all that more may follow.
    """

    items: Sequence[T]
    after: Place | None = None
    is_cut: bool = False


async def bound_search(conn: Connection, within_s: int = _WITHIN_S) -> None:
    """Have each statement of this transaction end in time: after 5 s it is Unavailable."""
    await conn.execute(_SQL["bound_search"], f"{within_s}s")


def found_of(
    rows: Sequence[Record],
    read: Callable[[Record], T],
    place: Callable[[Record], Place],
    limit: int,
    looked_at_max: int = LOOKED_AT_MAX,
) -> Found[T]:
    """The page of rows that were asked for one more than ``limit``, as the statements give them."""
    matching = [row for row in rows if row["is_match"]]
    page = [read(row) for row in matching[:limit]]
    if len(matching) > limit:
        return Found(items=page, after=place(matching[limit - 1]))
    if rows and rows[-1]["nth"] == looked_at_max:
        return Found(items=page, after=place(rows[-1]), is_cut=True)
    return Found(items=page)
