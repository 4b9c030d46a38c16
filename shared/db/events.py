"""Reading the archive of events; ``intake.py`` writes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.db.search import LOOKED_AT_MAX, Found, Place, bound_search, found_of
from shared.domain.errors import NotFound
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey
from shared.runtime.sql import statements
from shared.wire.events import decode_event

NAMED_LOOKED_AT_MAX: Final = 5_000

_SQL = statements(Path(__file__).parent / "queries" / "events")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingRecord:
    """What came under an event's key with another body; it started nothing."""

    origin: str
    received_at: datetime
    record: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events to find; None leaves a condition out.

    Times are of arrival; ``payload`` is JSON that theirs holds, as jsonb's ``@>`` has it. One is
    found at once by ``key``; for ``source``, ``subject`` and ``id`` they are looked through.
    """

    environment_id: EnvironmentId
    type: str | None = None
    key: EventKey | None = None
    source: str | None = None
    subject: str | None = None
    id: str | None = None
    from_at: datetime | None = None
    before_at: datetime | None = None
    payload: str | None = None


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


async def search_events(
    conn: Connection, which: EventFilter, *, before: Place | None = None, limit: int
) -> Found[Event]:
    """Events by arrival, the latest first; ``before`` is where the page before ended."""
    await bound_search(conn)
    rows = await conn.fetch(
        _SQL["search_events"],
        which.environment_id,
        which.type,
        which.key,
        which.source,
        which.subject,
        which.id,
        which.from_at,
        which.before_at,
        *(before or (None, None)),
        which.payload,
        limit + 1,
        LOOKED_AT_MAX,
    )
    return _found(rows, limit, LOOKED_AT_MAX)


async def list_latest(
    conn: Connection,
    environment_id: EnvironmentId,
    names: Sequence[str],
    *,
    before: Place | None = None,
    limit: int,
) -> Found[Event]:
    """The events that one of some triggers' names names, the latest first.

    With a name that has a ``*`` at its end, ``NAMED_LOOKED_AT_MAX`` events are looked at for them,
    of whatever type: then there may be few, or none, and more before that place.
    """
    await bound_search(conn)
    exact = [name for name in names if not name.endswith("*")]
    beginnings = [name.removesuffix("*") for name in names if name.endswith("*")]
    place = before or (None, None)
    if beginnings:
        given = (exact, beginnings, *place, limit + 1, NAMED_LOOKED_AT_MAX)
        rows = await conn.fetch(_SQL["search_named"], environment_id, *given)
    else:
        rows = await conn.fetch(_SQL["list_latest"], environment_id, exact, *place, limit + 1)
    return _found(rows, limit, NAMED_LOOKED_AT_MAX)


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


def _found(rows: Sequence[Record], limit: int, looked_at_max: int) -> Found[Event]:
    return found_of(
        rows,
        lambda row: decode_event(orjson.loads(row["record"])),
        lambda row: (row["received_at"], row["key"]),
        limit,
        looked_at_max,
    )
