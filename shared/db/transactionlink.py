"""What TransactionLink's routes keep beside workflows: sets of parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.db.search import Place
from shared.domain.errors import Conflict, NotFound
from shared.domain.ids import EnvironmentId
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

SETS_MAX: Final = 10_000
"""So many an environment may have."""

_SQL = statements(Path(__file__).parent / "queries" / "transactionlink")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSet:
    """Parameters under an id, for executions to begin with."""

    id: UUID
    environment_id: EnvironmentId
    parameters: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime


async def add_set(
    conn: Connection,
    environment_id: EnvironmentId,
    id_: UUID,
    parameters: Mapping[str, Any],
    now: datetime,
) -> ParameterSet:
    """Keep a new set. Raises Conflict when there are ``SETS_MAX`` others."""
    row = await conn.fetchrow(
        _SQL["add_set"], id_, environment_id, dumps(parameters).decode(), now, SETS_MAX
    )
    if row is None:
        message = f"An environment has at most {SETS_MAX} sets of parameters: delete one first."
        raise Conflict(message)
    return _set(row, id_)


async def get_set(conn: Connection, environment_id: EnvironmentId, id_: UUID) -> ParameterSet:
    """A set. Raises NotFound."""
    return _set(await conn.fetchrow(_SQL["find_set"], environment_id, id_), id_)


async def list_sets(
    conn: Connection, environment_id: EnvironmentId, *, after: Place | None, limit: int
) -> list[ParameterSet]:
    """Sets in the order in which they were made."""
    at, last = after or (None, None)
    rows = await conn.fetch(_SQL["list_sets"], environment_id, at, last, limit)
    return [_set(row, row["id"]) for row in rows]


async def change_set(
    conn: Connection,
    environment_id: EnvironmentId,
    id_: UUID,
    parameters: Mapping[str, Any],
    now: datetime,
) -> ParameterSet:
    """Put other parameters in the place of a set's own. Raises NotFound."""
    written = dumps(parameters).decode()
    return _set(await conn.fetchrow(_SQL["change_set"], environment_id, id_, written, now), id_)


async def delete_set(conn: Connection, environment_id: EnvironmentId, id_: UUID) -> None:
    """Delete a set; what began with it has its parameters. Raises NotFound."""
    if await conn.fetchrow(_SQL["delete_set"], environment_id, id_) is None:
        raise _not_found(id_)


def _set(row: Record | None, id_: UUID) -> ParameterSet:
    if row is None:
        raise _not_found(id_)
    return ParameterSet(**{**row, "parameters": orjson.loads(row["parameters"])})


def _not_found(id_: UUID) -> NotFound:
    return NotFound(f"There is no set of parameters {id_}.")
