"""The registry of event types: every version is kept and never changes."""

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
    """Give an event type this content, in a new version if it differs. Needs ``lock_event_type``.

    A new one without a uid gets ``fallback_uid``. Raises Conflict when another has its uid.
    """
    before = await find_event_type(conn, environment_id, name)
    if before is not None and before.spec == _filled(spec, name, before):
        return Put(event_type=before, is_new=False)
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
    await conn.execute(_SQL["add_version"], environment_id, name)
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


async def get_event_type(
    conn: Connection, environment_id: EnvironmentId, name: str, version: int | None = None
) -> EventType:
    """The event type of a name, or a version of it. Raises NotFound."""
    if version is None:
        found = await find_event_type(conn, environment_id, name)
    else:
        row = await conn.fetchrow(_SQL["find_version"], environment_id, name, version)
        found = None if row is None else _event_type(row)
    if found is None:
        raise _not_found(name, version)
    return found


async def list_versions(
    conn: Connection, environment_id: EnvironmentId, name: str, *, before: int, limit: int
) -> list[EventType]:
    """Versions of an event type before a number, the latest first."""
    rows = await conn.fetch(_SQL["list_versions"], environment_id, name, before, limit)
    return [_event_type(row) for row in rows]


async def list_event_types(
    conn: Connection, environment_id: EnvironmentId, *, after: str = "", limit: int
) -> list[EventType]:
    """Event types in the order of names, those after a name."""
    rows = await conn.fetch(_SQL["list_types"], environment_id, after, limit)
    return [_event_type(row) for row in rows]


async def types_named(
    conn: Connection, environment_id: EnvironmentId, texts: Collection[str]
) -> Mapping[str, EventType]:
    """The registered types that ``texts`` name, by those: a uid or, for want of it, a name."""
    rows = await conn.fetch(_SQL["list_named"], environment_id, list(texts), len(texts))
    return {row["said"]: _event_type(row) for row in rows}


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
        version=row["version"],
        updated_at=row["updated_at"],
    )


def _filled(spec: EventTypeSpec, name: str, before: EventType) -> EventTypeSpec:
    """``spec`` with what is left out of it, as it would be kept."""
    left_out = {"uid": spec.uid or before.spec.uid, "type": spec.type or name}
    return spec.model_copy(update=left_out)


def _written(document: object) -> str | None:
    return None if document is None else dumps(document).decode()


def _read(document: str | None) -> Any:
    return None if document is None else orjson.loads(document)


def _not_found(name: str, version: int | None = None) -> NotFound:
    of = "" if version is None else f" with a version {version}"
    return NotFound(f"There is no event type '{name}'{of}.")
