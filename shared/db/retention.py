"""Deleting executions that ended long ago, with all that is kept of them, a portion at a time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "retention")

LOOKED_AT: Final = 500
ENTRIES_AT_ONCE: Final = 5_000
JOBS_AT_ONCE: Final = 500


class Place(NamedTuple):
    """An execution in the order of creation."""

    created_at: datetime
    id: UUID


FIRST_PLACE: Final = Place(datetime.min.replace(tzinfo=UTC), UUID(int=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """How many executions and log entries were deleted, and as far as which place."""

    up_to: Place
    executions: int
    entries: int


async def pruned_before(conn: Connection) -> datetime | None:
    """Of the executions that ended before this time any may be gone; None: none was deleted."""
    before: datetime | None = await conn.fetchval(_SQL["get_mark"])
    return before


async def note_pruning(conn: Connection, before: datetime) -> None:
    """Note, before anything is deleted, up to when executions that have ended may be gone."""
    await conn.execute(_SQL["raise_mark"], before)


async def prune_executions(
    conn: Connection, environment_id: EnvironmentId, before: datetime, after: Place
) -> Portion | None:
    """Delete, in one transaction, some executions that ended before a time, those after a place.

    None of what is open, not published yet, or needed by what is open, or came of it since then.
    At most ``ENTRIES_AT_ONCE`` log entries, or one execution. None: there are no more. Raises
    Unavailable when somebody has a table locked for longer than a second.
    """
    async with conn.transaction():
        await conn.execute(_SQL["limit_lock_wait"])
        row = await conn.fetchrow(
            _SQL["delete_executions"], environment_id, *after, before, LOOKED_AT, ENTRIES_AT_ONCE
        )
    if row is None:
        return None
    place = Place(row["created_at"], row["id"])
    return Portion(up_to=place, executions=row["executions"], entries=row["entries"])


async def prune_jobs(conn: Connection, before: datetime) -> int:
    """Delete some of Sixtyfour's jobs of which all has ended before a time; gives how many."""
    async with conn.transaction():
        await conn.execute(_SQL["limit_lock_wait"])
        ids = [row["id"] for row in await conn.fetch(_SQL["lock_jobs"], before, JOBS_AT_ONCE)]
        return len(await conn.fetch(_SQL["delete_jobs"], ids, before)) if ids else 0
