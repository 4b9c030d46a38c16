"""What is delivered to subscriptions: each record once to each, attempted until it arrives."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId, ExecutionId
from shared.domain.subscriptions import DeliveryStatus, SigningForm, WebhookFormat
from shared.runtime.sql import statements

ATTEMPTS_SHOWN_MAX: Final = 100
CHANNEL: Final = "turnout_webhooks"
"""What ``announce_due`` tells on."""

_SQL = statements(Path(__file__).parent / "queries" / "webhook_deliveries")


class Wanted(NamedTuple):
    """A record that a subscription wants; ``id`` is the delivery's."""

    id: UUID
    environment_id: EnvironmentId
    subscription_id: UUID
    kind: str
    execution_id: ExecutionId | None
    record: bytes


class Due(NamedTuple):
    """When the next delivery of a subscription is due; it fails since then, or does not."""

    subscription_id: UUID
    environment_id: EnvironmentId
    next_at: datetime
    is_failing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that is this process's to attempt, with its subscription as it stands now.

    ``attempts`` were made before, ``tries`` of them since it was last begun.
    """

    id: UUID
    environment_id: EnvironmentId
    subscription_id: UUID
    kind: str
    execution_id: ExecutionId | None
    record: bytes
    created_at: datetime
    claims: int
    attempts: int
    tries: int
    url: str
    format: WebhookFormat
    signing: SigningForm
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How an attempt went: the receiver's status and answer, or why there is none."""

    at: datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    answer: str | None = None


class Attempted(NamedTuple):
    """An attempt that was made, what is the delivery's state now, and when it is due again."""

    claimed: Claimed
    tried: Tried
    status: DeliveryStatus
    again_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as it stands; ``next_at``: when it is attempted next, None once it has ended.

    ``last_…`` are the receiver's status, and what went wrong, in the latest attempt.
    """

    id: UUID
    environment_id: EnvironmentId
    subscription_id: UUID
    kind: str
    execution_id: ExecutionId | None
    status: DeliveryStatus
    created_at: datetime
    next_at: datetime | None
    attempts: int
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None


async def add_deliveries(
    conn: Connection, wanted: Sequence[Wanted], now: datetime
) -> Counter[EnvironmentId]:
    """Keep what is wanted, due at once; the same again is kept once. How many are new of each."""
    columns = [list(column) for column in zip(*wanted, strict=True)]
    rows = await conn.fetch(_SQL["add_deliveries"], *columns, now)
    return Counter(EnvironmentId(row["environment_id"]) for row in rows)


async def list_due(
    conn: Connection,
    limit: int,
    *,
    but_of: Collection[UUID] = (),
    but_in: Collection[EnvironmentId] = (),
) -> list[Due]:
    """Subscriptions to which something is to be delivered, now or later, the longest due first."""
    rows = await conn.fetch(_SQL["list_due"], list(but_of), list(but_in), limit)
    return [
        Due(
            subscription_id=row["id"],
            environment_id=row["environment_id"],
            next_at=row["next_at"],
            is_failing=row["failing_since"] is not None,
        )
        for row in rows
    ]


async def claim_deliveries(
    conn: Connection, shares: Mapping[UUID, int], now: datetime, until: datetime
) -> list[Claimed]:
    """At most so many due deliveries of each subscription, nobody else's before ``until``."""
    rows = await conn.fetch(
        _SQL["claim_deliveries"], list(shares), list(shares.values()), now, until
    )
    return [
        Claimed(
            **{name: row[name] for name in _PLAIN},
            format=WebhookFormat(row["format"]),
            signing=SigningForm(row["signing"]),
            headers=orjson.loads(row["headers"]),
        )
        for row in rows
    ]


_PLAIN: Final = (
    *("id", "environment_id", "subscription_id", "kind", "execution_id", "record", "created_at"),
    *("claims", "attempts", "tries", "url"),
)


async def note_attempts(
    conn: Connection, attempts: Sequence[Attempted]
) -> Mapping[UUID, datetime | None]:
    """Note attempts and what follows: at most one at a delivery.

    Gives by delivery since when its subscription failed before. Nothing is noted, nor given, of
    what another has claimed meanwhile.
    """
    rows = await conn.fetch(
        _SQL["note_attempts"], *map(list, zip(*map(_columns, attempts), strict=True))
    )
    return {row["id"]: row["failing_since"] for row in rows}


def _columns(one: Attempted) -> tuple[object, ...]:
    tried = one.tried
    return (
        *(one.claimed.id, one.claimed.claims, one.status, one.again_at),
        *(tried.at, tried.duration_ms, tried.status, tried.error, tried.answer),
    )


async def begin_delivery(conn: Connection, subscription_id: UUID, id_: UUID, now: datetime) -> None:
    """Have one delivered again, at once. Raises NotFound."""
    if await conn.fetchval(_SQL["begin_delivery"], subscription_id, id_, now) is None:
        raise _absent(id_)


async def begin_since(
    conn: Connection, subscription_id: UUID, since: datetime, now: datetime, *, limit: int
) -> int:
    """Have the oldest that were kept since a time, and have ended, delivered again, at once."""
    return len(await conn.fetch(_SQL["begin_since"], subscription_id, since, now, limit))


async def announce_due(conn: Connection) -> None:
    """Wake whoever delivers, once the transaction commits, for what it has made due."""
    await conn.execute(_SQL["announce_due"])


async def get_delivery(conn: Connection, environment_id: EnvironmentId, id_: UUID) -> Delivery:
    """One of an environment. Raises NotFound."""
    row = await conn.fetchrow(_SQL["find_delivery"], environment_id, id_)
    if row is None:
        raise _absent(id_)
    return _delivery(row)


async def list_deliveries(
    conn: Connection,
    environment_id: EnvironmentId,
    subscription_id: UUID,
    *,
    status: DeliveryStatus | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Delivery]:
    """Those of a subscription, the latest first, before a place."""
    at, id_ = before or (None, None)
    rows = await conn.fetch(
        _SQL["list_deliveries"], environment_id, subscription_id, status, at, id_, limit
    )
    return [_delivery(row) for row in rows]


async def list_attempts(
    conn: Connection, environment_id: EnvironmentId, id_: UUID
) -> list[tuple[int, Tried]]:
    """The latest ``ATTEMPTS_SHOWN_MAX`` attempts at a delivery with their numbers, in order."""
    rows = await conn.fetch(_SQL["list_attempts"], environment_id, id_, ATTEMPTS_SHOWN_MAX)
    return [
        (row["number"], Tried(**{k: v for k, v in row.items() if k != "number"})) for row in rows
    ]


async def forget_deliveries(conn: Connection, before: datetime, *, limit: int) -> int:
    """Forget some that are older; gives how many there were."""
    return len(await conn.fetch(_SQL["forget_deliveries"], before, limit))


def _absent(id_: UUID) -> NotFound:
    return NotFound(f"There is no delivery {id_}.")


def _delivery(row: Record) -> Delivery:
    return Delivery(**{**row, "status": DeliveryStatus(row["status"])})
