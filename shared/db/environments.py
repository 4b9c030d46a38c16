"""The environments that there are, each of one organisation."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import Conflict, NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.principals import OrganisationId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "environments")

DEFAULT_ORGANISATION: Final = "default"
"""The name of the one that is made with the schema, and has the default environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A place of its own for workflows, events and all that comes of them."""

    id: EnvironmentId
    organisation_id: OrganisationId
    name: str
    created_at: datetime


async def add_environment(conn: Connection, environment: Environment) -> None:
    """Raises Conflict when its id is taken, or its name in its organisation."""
    try:
        await conn.execute(
            _SQL["insert_environment"],
            environment.id,
            environment.organisation_id,
            environment.name,
            environment.created_at,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(
            f"There is an environment '{environment.name}', or of the same id; choose others."
        ) from None


async def get_environment(
    conn: Connection, environment_id: EnvironmentId, organisation_id: OrganisationId | None = None
) -> Environment:
    """An environment, of an organisation or of any. Raises NotFound."""
    row = await conn.fetchrow(_SQL["find_environment"], environment_id, organisation_id)
    if row is None:
        raise NotFound("There is no such environment.")
    return _environment(row)


async def list_existing(
    conn: Connection, ids: Collection[EnvironmentId]
) -> frozenset[EnvironmentId]:
    """Those that there are."""
    rows = await conn.fetch(_SQL["list_existing"], list(ids), len(ids))
    return frozenset(EnvironmentId(row["id"]) for row in rows)


async def list_environments(
    conn: Connection,
    organisation_id: OrganisationId | None = None,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Environment]:
    """Environments of an organisation or of all, in the order of creation, after a place."""
    at, id_ = after or (None, None)
    rows = await conn.fetch(_SQL["list_environments"], organisation_id, at, id_, limit)
    return [_environment(row) for row in rows]


async def find_organisation(
    conn: Connection, name: str, environment_id: EnvironmentId | None = None
) -> OrganisationId | None:
    """The organisation of a name; None without it, or when it has not the environment."""
    found: OrganisationId | None = await conn.fetchval(
        _SQL["find_organisation"], name, environment_id
    )
    return found


async def ensure_organisation(
    conn: Connection, name: str, fallback_id: OrganisationId, now: datetime
) -> OrganisationId:
    """The organisation of a name, which is made under ``fallback_id`` when there was none."""
    found: OrganisationId = await conn.fetchval(_SQL["ensure_organisation"], fallback_id, name, now)
    return found


def _environment(row: Record) -> Environment:
    return Environment(
        id=row["id"],
        organisation_id=row["organisation_id"],
        name=row["name"],
        created_at=row["created_at"],
    )
