"""Subscriptions to results and phases."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import Conflict, NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.subscriptions import SigningForm, Subscription, WebhookFormat
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

SUBSCRIPTIONS_MAX: Final = 1_000
"""So many an environment has at most."""
_AT_ONCE: Final = 1_000
_FIRST: Final = UUID(int=0)

_SQL = statements(Path(__file__).parent / "queries" / "webhook_subscriptions")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    """Which subscriptions of an environment; None: of any format, active or not."""

    environment_id: EnvironmentId
    format: WebhookFormat | None = None
    is_active: bool | None = None


async def add_subscription(conn: Connection, subscription: Subscription) -> None:
    """Keep a new one. Raises Conflict when there are ``SUBSCRIPTIONS_MAX`` others."""
    one = subscription
    added = await conn.fetchval(
        _SQL["insert_subscription"],
        one.id,
        one.environment_id,
        one.name,
        one.url,
        list(one.kinds),
        one.workflow_id,
        _written(one.filters),
        one.format,
        one.signing,
        _written(one.headers),
        one.is_active,
        one.created_at,
        one.created_by,
        SUBSCRIPTIONS_MAX,
    )
    if added is None:
        raise Conflict(f"An environment has at most {SUBSCRIPTIONS_MAX} subscriptions.")


async def get_subscription(
    conn: Connection, environment_id: EnvironmentId, id_: UUID
) -> Subscription:
    """One of an environment. Raises NotFound."""
    return _found(await conn.fetchrow(_SQL["find_subscription"], environment_id, id_), id_)


async def lock_subscription(
    conn: Connection, environment_id: EnvironmentId, id_: UUID
) -> Subscription:
    """As ``get_subscription``; nobody else changes it until the transaction ends."""
    return _found(await conn.fetchrow(_SQL["lock_subscription"], environment_id, id_), id_)


async def list_subscriptions(
    conn: Connection,
    which: SubscriptionFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Subscription]:
    """In the order of creation, after a place."""
    at, id_ = after or (None, None)
    rows = await conn.fetch(
        _SQL["list_subscriptions"],
        *(which.environment_id, at, id_, which.format, limit, which.is_active),
    )
    return [_subscription(row) for row in rows]


async def get_active_mark(conn: Connection) -> tuple[int, int]:
    """What tells the active ones, as they stand, from what they were or will be."""
    row = await conn.fetchrow(_SQL["get_active_mark"])
    assert row is not None, "an aggregate gives a row"
    return row["subscriptions"], row["mark"]


async def list_active(conn: Connection) -> list[Subscription]:
    """Those of all environments that are to be told of anything."""
    found: list[Subscription] = []
    while True:
        after = found[-1].id if found else _FIRST
        rows = await conn.fetch(_SQL["list_active"], after, _AT_ONCE)
        found += map(_subscription, rows)
        if len(rows) < _AT_ONCE:
            return found


async def change_subscription(conn: Connection, changed: Subscription) -> None:
    """Keep another state of one that is locked, as its next version."""
    await conn.execute(
        _SQL["update_subscription"],
        changed.id,
        changed.name,
        changed.url,
        list(changed.kinds),
        changed.workflow_id,
        _written(changed.filters),
        changed.format,
        changed.signing,
        _written(changed.headers),
        changed.is_active,
        changed.disabled_at,
        changed.disabled_reason,
        changed.failing_since,
        changed.updated_at,
    )


async def delete_subscription(conn: Connection, environment_id: EnvironmentId, id_: UUID) -> None:
    """Delete one with its secrets and deliveries. Raises NotFound."""
    if await conn.fetchval(_SQL["delete_subscription"], environment_id, id_) is None:
        raise _absent(id_)


async def count_disabled(conn: Connection) -> dict[EnvironmentId, int]:
    """How many of each environment were disabled because nothing could be delivered."""
    rows = await conn.fetch(_SQL["count_disabled"])
    return {EnvironmentId(row["environment_id"]): row["count"] for row in rows}


def _found(row: Record | None, id_: UUID) -> Subscription:
    if row is None:
        raise _absent(id_)
    return _subscription(row)


def _absent(id_: UUID) -> NotFound:
    return NotFound(f"There is no webhook subscription {id_}.")


def _subscription(row: Record) -> Subscription:
    return Subscription(
        id=row["id"],
        environment_id=row["environment_id"],
        name=row["name"],
        url=row["url"],
        kinds=tuple(row["kinds"]),
        workflow_id=row["workflow_id"],
        filters=None if row["filters"] is None else orjson.loads(row["filters"]),
        format=WebhookFormat(row["format"]),
        signing=SigningForm(row["signing"]),
        headers=orjson.loads(row["headers"]),
        is_active=row["is_active"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        updated_at=row["updated_at"],
        version=row["version"],
        disabled_at=row["disabled_at"],
        disabled_reason=row["disabled_reason"],
        failing_since=row["failing_since"],
    )


def _written(document: Any) -> str | None:
    return None if document is None else dumps(document).decode()
