"""The keys of the api: what is known of each, which is anything but its secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.principals import Scope
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "api_keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of one environment; it counts until it is revoked or expires.

    ``prefix`` is the start of its secret, by which people know it again. ``last_used_at`` may be a
    minute old.
    """

    id: UUID
    environment_id: EnvironmentId
    name: str
    prefix: str
    scopes: frozenset[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Whether it lets anybody in."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


async def add_key(conn: Connection, key: ApiKey, digest: bytes) -> None:
    """Keep a new key, by the SHA-256 of its secret. Raises NotFound for its environment."""
    try:
        await conn.execute(
            _SQL["insert_key"],
            key.id,
            key.environment_id,
            key.name,
            key.prefix,
            digest,
            sorted(key.scopes),
            key.created_at,
            key.created_by,
            key.expires_at,
        )
    except asyncpg.ForeignKeyViolationError:
        raise NotFound("There is no such environment.") from None


async def find_live(conn: Connection, digest: bytes, now: datetime) -> ApiKey | None:
    """The key whose secret has this SHA-256, if it counts."""
    row = await conn.fetchrow(_SQL["find_live"], digest, now)
    return None if row is None else _key(row)


async def get_key(conn: Connection, environment_id: EnvironmentId, key_id: UUID) -> ApiKey:
    """A key of an environment. Raises NotFound."""
    return _found(await conn.fetchrow(_SQL["find_key"], environment_id, key_id))


async def lock_key(conn: Connection, environment_id: EnvironmentId, key_id: UUID) -> ApiKey:
    """As ``get_key``; nobody else changes it until the transaction ends."""
    return _found(await conn.fetchrow(_SQL["lock_key"], environment_id, key_id))


async def list_keys(
    conn: Connection,
    environment_id: EnvironmentId,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[ApiKey]:
    """Keys in the order of creation, after a place; also those that count no more."""
    at, id_ = after or (None, None)
    rows = await conn.fetch(_SQL["list_keys"], environment_id, at, id_, limit)
    return [_key(row) for row in rows]


async def end_key(conn: Connection, key: ApiKey) -> None:
    """Keep when a key stops to count, as it says itself."""
    await conn.execute(_SQL["end_key"], key.environment_id, key.id, key.revoked_at, key.expires_at)


async def note_uses(conn: Connection, uses: Mapping[UUID, datetime]) -> None:
    """Note when keys were used, each at most once a minute."""
    await conn.execute(_SQL["note_uses"], list(uses), list(uses.values()))


def _found(row: Record | None) -> ApiKey:
    if row is None:
        raise NotFound("There is no such key.")
    return _key(row)


def _key(row: Record) -> ApiKey:
    return ApiKey(
        id=row["id"],
        environment_id=row["environment_id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=frozenset(map(Scope, row["scopes"])),
        created_at=row["created_at"],
        created_by=row["created_by"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
