"""Secrets of environments, kept encrypted: each for its environment and its name alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import Conflict, NotFound, Unavailable
from shared.domain.ids import EnvironmentId
from shared.runtime.keyring import KeyRing, Sealed, Unopened
from shared.runtime.sql import statements

SECRETS_MAX: Final = 1_000
"""So many an environment has at most."""
KEYS_MAX: Final = 1_000

Place = tuple[EnvironmentId, str]
"""A secret: its environment and name."""
START: Final[Place] = (EnvironmentId(UUID(int=0)), "")

_SQL = statements(Path(__file__).parent / "queries" / "secrets")

log = structlog.get_logger(__name__)


class SecretUnreadable(Unavailable):
    """A secret is there and cannot be decrypted; the log says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What is known of a secret beside its value; ``key_id`` names the key that it is under."""

    environment_id: EnvironmentId
    name: str
    version: int
    key_id: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """What became of some secrets, in the order of places: under which keys they were.

    ``failed`` are those that cannot be decrypted and stay as they are. ``last`` is None when there
    were none.
    """

    done: Mapping[Place, str]
    failed: Collection[Place]
    last: Place | None


async def put_secret(
    conn: Connection,
    ring: KeyRing,
    place: Place,
    value: str,
    *,
    now: datetime,
    by: str,
) -> Secret:
    """Keep a value, as the secret's first or next version.

    Raises Conflict without a key ring, and when there are ``SECRETS_MAX`` others.
    """
    sealed = ring.seal(value, _about(place))
    row = await conn.fetchrow(
        _SQL["put_secret"],
        *place,
        sealed.key_id,
        sealed.nonce,
        sealed.ciphertext,
        now,
        by,
        SECRETS_MAX,
    )
    if row is None:
        raise Conflict(f"An environment has at most {SECRETS_MAX} secrets: delete one first.")
    return _secret(row)


async def get_secret(conn: Connection, place: Place) -> Secret:
    """A secret. Raises NotFound."""
    row = await conn.fetchrow(_SQL["find_secret"], *place)
    if row is None:
        raise _absent(place)
    return _secret(row)


async def list_secrets(
    conn: Connection, environment_id: EnvironmentId, *, after: str, limit: int
) -> list[Secret]:
    """Secrets in the order of names, after one."""
    rows = await conn.fetch(_SQL["list_secrets"], environment_id, after, limit)
    return [_secret(row) for row in rows]


async def names_of(
    conn: Connection, environment_id: EnvironmentId, now: datetime
) -> frozenset[str]:
    """The names of an environment's secrets that have not ended by ``now``."""
    rows = await conn.fetch(_SQL["list_names"], environment_id, now, 2 * SECRETS_MAX)
    return frozenset(row["name"] for row in rows)


async def read_secrets(
    conn: Connection,
    ring: KeyRing,
    environment_id: EnvironmentId,
    names: Collection[str],
    now: datetime,
) -> dict[str, str]:
    """The values of those of ``names`` that there are and have not ended by ``now``.

    Raises SecretUnreadable, and logs why.
    """
    rows = await conn.fetch(_SQL["list_sealed"], environment_id, list(names), now)
    return {row["name"]: _opened(ring, row) for row in rows}


async def delete_secret(conn: Connection, place: Place) -> int:
    """Delete a secret; gives its version. Raises NotFound."""
    version: int | None = await conn.fetchval(_SQL["delete_secret"], *place)
    if version is None:
        raise _absent(place)
    return version


async def rewrap_some(conn: Connection, ring: KeyRing, after: Place, limit: int) -> Rewrapped:
    """Encrypt by the ring's first key the next secrets that are under others.

    They are locked until the transaction, which it needs, ends. Raises Conflict without a ring.
    """
    rows = await conn.fetch(_SQL["lock_rewrap"], *after, next(iter(ring.ids), ""), limit)
    done: dict[Place, str] = {}
    failed: list[Place] = []
    for row in rows:
        place = _place(row)
        try:
            sealed = ring.seal(_opened(ring, row), _about(place))
        except SecretUnreadable:
            failed.append(place)
            continue
        await conn.execute(
            _SQL["rewrap_secret"], *place, sealed.key_id, sealed.nonce, sealed.ciphertext
        )
        done[place] = row["key_id"]
    return Rewrapped(done=done, failed=failed, last=_place(rows[-1]) if rows else None)


async def count_keys(conn: Connection) -> dict[str, int]:
    """How many secrets of all environments, those that sign too, are under each key, by its id."""
    return {r["key_id"]: r["secrets"] for r in await conn.fetch(_SQL["count_keys"], KEYS_MAX)}


def _about(place: Place) -> bytes:
    """What a value is encrypted for: a row that is copied elsewhere does not decrypt there."""
    environment_id, name = place
    return environment_id.bytes + name.encode()


def _opened(ring: KeyRing, row: Record) -> str:
    sealed = Sealed(key_id=row["key_id"], nonce=row["nonce"], ciphertext=row["ciphertext"])
    try:
        return ring.open(sealed, _about(_place(row)))
    except Unopened as reason:
        environment_id, name = _place(row)
        log.error(  # noqa: TRY400 - the reason is all there is to say
            "secret_unreadable",
            environment_id=str(environment_id),
            name=name,
            version=row["version"],
            reason=reason.message,
        )
        raise SecretUnreadable(
            f"The secret '{name}' cannot be read; the log of Turnout says why."
        ) from None


def _place(row: Record) -> Place:
    return row["environment_id"], row["name"]


def _absent(place: Place) -> NotFound:
    return NotFound(f"There is no secret '{place[1]}'.")


def _secret(row: Record) -> Secret:
    return Secret(
        environment_id=row["environment_id"],
        name=row["name"],
        version=row["version"],
        key_id=row["key_id"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        updated_at=row["updated_at"],
        updated_by=row["updated_by"],
    )
