"""Reading the archive of events; ``intake.py`` writes it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from shared.db.pool import Connection
from shared.domain.errors import NotFound
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey
from shared.runtime.sql import statements
from shared.wire.events import decode_event

_SQL = statements(Path(__file__).parent / "queries" / "events")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingRecord:
    """What came under an event's key with another body; it started nothing."""

    origin: str
    received_at: datetime
    record: Any


async def get_event(conn: Connection, key: EventKey) -> Event:
    """The archived event. Raises NotFound when it has not arrived, or is no longer kept."""
    row = await conn.fetchrow(_SQL["find_event"], key)
    if row is None:
        raise NotFound(f"No event with the key {key} is in the archive.")
    return decode_event(orjson.loads(row["record"]))


async def list_conflicts(conn: Connection, key: EventKey, *, limit: int) -> list[ConflictingRecord]:
    """The records in conflict with the event, earliest first."""
    return [
        ConflictingRecord(
            origin=row["origin"],
            received_at=row["received_at"],
            record=orjson.loads(row["record"]),
        )
        for row in await conn.fetch(_SQL["list_conflicts"], key, limit)
    ]


async def list_events(
    conn: Connection,
    *,
    environment_id: EnvironmentId,
    event_type: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Event]:
    """Events by arrival, the latest first; ``before`` is (received_at, key) of the last seen."""
    received_at, key = before or (None, None)
    rows = await conn.fetch(
        _SQL["list_events"], environment_id, event_type, received_at, key, limit
    )
    return [decode_event(orjson.loads(row["record"])) for row in rows]


async def list_since(
    conn: Connection,
    environment_id: EnvironmentId,
    name: str,
    after: tuple[datetime, UUID],
    *,
    limit: int,
) -> list[Event]:
    """The events that a trigger's ``name`` names, the earliest first.

    ``after`` is (received_at, key) of the last seen; before the first of a time the key is 0.
    """
    rows = await conn.fetch(
        _SQL["list_since"],
        environment_id,
        *after,
        name.removesuffix("*"),
        name.endswith("*"),
        limit,
    )
    return [decode_event(orjson.loads(row["record"])) for row in rows]
