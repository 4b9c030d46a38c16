"""The registry of event types."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import Conflict, NotFound
from shared.domain.event_types import EventType, EventTypeSpec
from shared.domain.ids import EnvironmentId
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

_SQL = statements(Path(__file__).parent / "queries" / "event_types")


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """The event type as it stands now; ``is_new`` when there was none of its name."""

    event_type: EventType
    is_new: bool


async def put_event_type(
    conn: Connection,
    environment_id: EnvironmentId,
    name: str,
    spec: EventTypeSpec,
    *,
    fallback_uid: UUID,
    now: datetime,
) -> Put:
    """Give an event type this content; a new one without a uid gets ``fallback_uid``.

    Raises Conflict when another has its uid.
    """
    try:
        row = await conn.fetchrow(
            _SQL["put_type"],
            environment_id,
            name,
            spec.uid,
            spec.type or name,
            spec.source,
            spec.description,
            _written(spec.json_schema),
            _written(spec.metadata),
            now,
            str(fallback_uid),
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(
            f"The uid '{spec.uid}' is taken by another event type; choose another."
        ) from None
    assert row is not None, "a type that is put is there"
    return Put(event_type=_event_type(row), is_new=row["is_new"])


async def lock_event_type(
    conn: Connection, environment_id: EnvironmentId, name: str
) -> EventType | None:
    """As ``find_event_type``; nobody else who locks it changes it until the transaction ends."""
    await conn.execute(_SQL["lock_name"], environment_id, name)
    return await find_event_type(conn, environment_id, name)


async def find_event_type(
    conn: Connection, environment_id: EnvironmentId, name: str
) -> EventType | None:
    """The event type of a name."""
    row = await conn.fetchrow(_SQL["find_type"], environment_id, name)
    return None if row is None else _event_type(row)


async def get_event_type(conn: Connection, environment_id: EnvironmentId, name: str) -> EventType:
    """The event type of a name. Raises NotFound."""
    found = await find_event_type(conn, environment_id, name)
    if found is None:
        raise _not_found(name)
    return found


async def list_event_types(
    conn: Connection, environment_id: EnvironmentId, *, after: str = "", limit: int
) -> list[EventType]:
    """Event types in the order of names, those after a name."""
    rows = await conn.fetch(_SQL["list_types"], environment_id, after, limit)
    return [_event_type(row) for row in rows]


async def types_by_uid(
    conn: Connection, environment_id: EnvironmentId, uids: Collection[str]
) -> Mapping[str, str]:
    """What the events of registered types have for a type, by those of ``uids`` there are."""
    rows = await conn.fetch(_SQL["list_by_uid"], environment_id, list(uids), len(uids))
    return {row["uid"]: row["type"] for row in rows}


async def delete_event_type(conn: Connection, environment_id: EnvironmentId, name: str) -> None:
    """Forget an event type. Raises NotFound."""
    if await conn.fetchrow(_SQL["delete_type"], environment_id, name) is None:
        raise _not_found(name)


def _event_type(row: Record) -> EventType:
    return EventType(
        environment_id=row["environment_id"],
        name=row["name"],
        spec=EventTypeSpec(
            uid=row["uid"],
            type=row["type"],
            source=row["source"],
            description=row["description"],
            schema=_read(row["schema"]),
            metadata=_read(row["metadata"]),
        ),
        updated_at=row["updated_at"],
    )


def _written(document: object) -> str | None:
    return None if document is None else dumps(document).decode()


def _read(document: str | None) -> Any:
    return None if document is None else orjson.loads(document)


def _not_found(name: str) -> NotFound:
    return NotFound(f"There is no event type '{name}'.")
