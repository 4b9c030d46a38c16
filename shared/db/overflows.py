"""Events that matched more workflows than one event may start, and who was left out."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import asyncpg

from shared.db.pool import Connection
from shared.domain.events import Event
from shared.domain.ids import EventKey, WorkflowId
from shared.matching.decisions import Overflow
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "overflows")


async def keep_overflow(
    conn: Connection, event: Event, overflow: Overflow
) -> tuple[Overflow, bool]:
    """What is kept of an event, and whether that is new.

    Who is left out stays as it was kept first; how many matched is the most that was said.
    """
    row = await conn.fetchrow(
        _SQL["keep_overflow"],
        event.key,
        event.environment_id,
        event.received_at.date(),
        overflow.started,
        overflow.matched,
        overflow.first_left_out,
    )
    assert row is not None, "an upsert gives one row"
    return _overflow(row), row["is_new"]


async def list_overflows(conn: Connection, keys: Sequence[EventKey]) -> Mapping[EventKey, Overflow]:
    """What is kept of these events; most have nothing."""
    rows = await conn.fetch(_SQL["list_overflows"], keys, len(keys))
    return {EventKey(row["event_key"]): _overflow(row) for row in rows}


async def forget_overflows(conn: Connection, before: date) -> None:
    """Forget what is kept of events of the days before a date."""
    await conn.execute(_SQL["forget_overflows"], before)


def _overflow(row: asyncpg.Record) -> Overflow:
    return Overflow(
        started=row["started"],
        matched=row["matched"],
        first_left_out=WorkflowId(row["first_left_out"]),
    )
