"""Addresses of environments, which make events of what is sent to them."""

from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import Conflict, NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.webhooks import EndpointSpec, WebhookEndpoint
from shared.runtime.sql import statements

ENDPOINTS_MAX: Final = 1_000
"""So many an environment has at most, or a few more where some are made at once."""

_SQL = statements(Path(__file__).parent / "queries" / "webhook_endpoints")


async def add_endpoint(conn: Connection, endpoint: WebhookEndpoint) -> None:
    """Keep a new endpoint. Raises Conflict when its environment has ``ENDPOINTS_MAX``."""
    added = await conn.fetchval(
        _SQL["add_endpoint"],
        endpoint.id,
        endpoint.environment_id,
        endpoint.token_hash,
        endpoint.spec.model_dump_json(),
        endpoint.created_by,
        endpoint.created_at,
        endpoint.updated_at,
        endpoint.address_made_at,
        ENDPOINTS_MAX,
    )
    if added is None:
        raise Conflict(f"An environment has at most {ENDPOINTS_MAX} endpoints: delete one first.")


async def put_endpoint(conn: Connection, endpoint: WebhookEndpoint) -> None:
    """Make an endpoint what it now is. Needs ``lock_endpoint``."""
    await conn.execute(
        _SQL["put_endpoint"],
        endpoint.id,
        endpoint.token_hash,
        endpoint.spec.model_dump_json(),
        endpoint.updated_at,
        endpoint.address_made_at,
    )


async def get_endpoint(
    conn: Connection, environment_id: EnvironmentId, endpoint_id: UUID
) -> WebhookEndpoint:
    """An endpoint of an environment. Raises NotFound."""
    return _found(await conn.fetchrow(_SQL["find_endpoint"], environment_id, endpoint_id))


async def lock_endpoint(
    conn: Connection, environment_id: EnvironmentId, endpoint_id: UUID
) -> WebhookEndpoint:
    """As ``get_endpoint``; nobody else changes it until the transaction ends."""
    return _found(await conn.fetchrow(_SQL["lock_endpoint"], environment_id, endpoint_id))


async def list_endpoints(
    conn: Connection,
    environment_id: EnvironmentId,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[WebhookEndpoint]:
    """Endpoints of an environment in the order of creation, after a place."""
    place = after or (None, None)
    rows = await conn.fetch(_SQL["list_endpoints"], environment_id, *place, limit)
    return [_endpoint(row) for row in rows]


async def find_endpoint_by_token(conn: Connection, token_hash: str) -> WebhookEndpoint | None:
    """The endpoint whose address ends with a token of this hash, in whatever environment."""
    row = await conn.fetchrow(_SQL["find_by_token"], token_hash)
    return None if row is None else _endpoint(row)


async def delete_endpoint(conn: Connection, endpoint: WebhookEndpoint) -> None:
    """Forget an endpoint. Needs ``lock_endpoint``."""
    await conn.execute(_SQL["delete_endpoint"], endpoint.id)


def _found(row: Record | None) -> WebhookEndpoint:
    if row is None:
        raise NotFound("There is no such webhook endpoint.")
    return _endpoint(row)


def _endpoint(row: Record) -> WebhookEndpoint:
    return WebhookEndpoint(
        id=row["id"],
        environment_id=row["environment_id"],
        token_hash=row["token_hash"],
        spec=EndpointSpec.model_validate_json(row["spec"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        address_made_at=row["address_made_at"],
    )
