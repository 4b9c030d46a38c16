"""Writing the event archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId, EventKey
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "intake")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An event to archive; ``origin`` is the place of its record: ``topic/partition@offset``."""

    key: EventKey
    environment_id: EnvironmentId
    type: str
    received_at: datetime
    record: bytes
    body_hash: bytes
    origin: str

    @property
    def received_on(self) -> date:
        """The archive's day, UTC."""
        return self.received_at.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is archived under a key."""

    origin: str
    body_hash: bytes
    received_on: date


async def archive(conn: Connection, arrivals: Sequence[Arrival]) -> dict[EventKey, Known | None]:
    """Archive the arrivals whose keys are new, each key at most once among them.

    Gives what was archived under each key before, None for a new one. A key that is missing in the
    answer was archived by another at this very moment: ask again.
    """
    rows = await conn.fetch(
        _SQL["archive_events"],
        [a.key for a in arrivals],
        [a.received_on for a in arrivals],
        [a.environment_id for a in arrivals],
        [a.type for a in arrivals],
        [a.received_at for a in arrivals],
        [a.record.decode() for a in arrivals],
        [a.body_hash for a in arrivals],
        [a.origin for a in arrivals],
    )
    answer: dict[EventKey, Known | None] = {}
    for row in rows:
        if row["is_new"]:
            answer[row["key"]] = None
        elif row["origin"] is not None:
            answer[row["key"]] = Known(
                origin=row["origin"], body_hash=row["body_hash"], received_on=row["received_on"]
            )
    return answer


async def list_records(
    conn: Connection, wanted: Sequence[tuple[date, EventKey]]
) -> dict[EventKey, bytes]:
    """Archived records; a key whose day was dropped is missing."""
    rows = await conn.fetch(
        _SQL["list_records"], [day for day, _ in wanted], [key for _, key in wanted]
    )
    return {row["key"]: row["record"].encode() for row in rows}


async def keep_conflicts(conn: Connection, arrivals: Sequence[Arrival]) -> None:
    """Keep events that use the key of another."""
    await conn.execute(
        _SQL["keep_conflicts"],
        [a.key for a in arrivals],
        [a.origin for a in arrivals],
        [a.received_at for a in arrivals],
        [a.record.decode() for a in arrivals],
    )


async def ensure_days(conn: Connection, first: date, last: date) -> None:
    """Make room in the archive for these days."""
    await conn.execute(_SQL["ensure_days"], first, last)


async def drop_days(conn: Connection, before: date) -> int:
    """Drop the archive's days before ``before``; gives how many there were."""
    dropped: int = await conn.fetchval(_SQL["drop_days"], before)
    return dropped


async def forget_keys(conn: Connection, before: date, *, limit: int) -> int:
    """Forget up to ``limit`` keys of events received before ``before``; gives how many."""
    return len(await conn.fetch(_SQL["forget_keys"], before, limit))
