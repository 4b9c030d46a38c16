"""What messages are signed by: secrets of subscriptions, and of environments, kept encrypted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
import structlog
from asyncpg import Record
from pydantic import SecretStr

from shared.db.pool import Connection
from shared.db.secrets import Place, Rewrapped, SecretUnreadable
from shared.domain.ids import EnvironmentId
from shared.domain.subscriptions import SigningForm, SigningKey
from shared.runtime.keyring import KeyRing, Sealed, Unopened
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

COUNTING_MAX: Final = 10
"""So many of one subscription, or of one form, sign a message at most: the latest."""

_SQL = statements(Path(__file__).parent / "queries" / "signing_secrets")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningSecret:
    """What is known of a secret beside its value; ``ending`` is how that ends.

    Without ``subscription_id`` it is the environment's own. ``public_key`` is the JWK of a pair.
    """

    id: UUID
    environment_id: EnvironmentId
    subscription_id: UUID | None
    form: SigningForm
    ending: str
    public_key: Mapping[str, Any] | None
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedKey:
    """A secret that signs, still encrypted."""

    id: UUID
    environment_id: EnvironmentId
    sealed: Sealed

    def opened(self, ring: KeyRing) -> SigningKey:
        """The key. Raises SecretUnreadable, and logs why."""
        try:
            text = ring.open(self.sealed, _about(self.environment_id, self.id))
        except Unopened as reason:
            log.error(  # noqa: TRY400 - the reason is all there is to say
                "signing_secret_unreadable",
                environment_id=str(self.environment_id),
                id=str(self.id),
                reason=reason.message,
            )
            raise SecretUnreadable(
                "What it is to be signed by cannot be read; the log of Turnout says why."
            ) from None
        return SigningKey(id=self.id, value=SecretStr(text))


async def add_secret(
    conn: Connection, ring: KeyRing, known: SigningSecret, value: SecretStr
) -> None:
    """Keep a secret. Raises Conflict without a key ring."""
    sealed = ring.seal(value.get_secret_value(), _about(known.environment_id, known.id))
    key = known.public_key
    await conn.execute(
        _SQL["insert_secret"],
        known.id,
        known.environment_id,
        known.subscription_id,
        known.form,
        known.ending,
        None if key is None else dumps(key).decode(),
        sealed.key_id,
        sealed.nonce,
        sealed.ciphertext,
        known.created_at,
    )


async def lock_form(conn: Connection, environment_id: EnvironmentId, form: SigningForm) -> None:
    """Be the only one who makes or ends an environment's own secrets of a form, until the end."""
    await conn.execute(_SQL["lock_form"], f"{environment_id}:{form}")


async def end_secrets(
    conn: Connection,
    environment_id: EnvironmentId,
    *,
    form: SigningForm,
    subscription_id: UUID | None = None,
    at: datetime,
    now: datetime,
) -> int:
    """End those of a subscription, or the environment's own of a form, at a time.

    Gives how many had not ended yet.
    """
    rows = await conn.fetch(_SQL["end_secrets"], environment_id, subscription_id, form, at, now)
    return len(rows)


async def list_known(
    conn: Connection, environment_id: EnvironmentId, now: datetime, form: SigningForm | None = None
) -> list[SigningSecret]:
    """The environment's own that count, of one form or of all, the latest of each first."""
    rows = await conn.fetch(
        _SQL["list_known"], environment_id, form, now, len(SigningForm) * COUNTING_MAX
    )
    return [_known(row) for row in rows]


async def find_public_key(conn: Connection, id_: UUID, now: datetime) -> Mapping[str, Any] | None:
    """The JWK of a pair that signs an environment's messages now; None: there is no such pair."""
    key = await conn.fetchval(_SQL["find_public_key"], id_, now)
    return None if key is None else orjson.loads(key)


async def read_own(
    conn: Connection, ring: KeyRing, environment_id: EnvironmentId, form: SigningForm, now: datetime
) -> list[SigningKey]:
    """What the environment signs messages of a form by, the latest first.

    Raises SecretUnreadable, and logs why.
    """
    rows = await conn.fetch(_SQL["list_own"], environment_id, form, now, COUNTING_MAX)
    return [_sealed(row).opened(ring) for row in rows]


async def list_sealed(
    conn: Connection, subscriptions: Collection[UUID], now: datetime
) -> dict[UUID, list[SealedKey]]:
    """What messages to subscriptions are signed by, of each the latest first."""
    rows = await conn.fetch(_SQL["list_of_subscriptions"], list(subscriptions), now, COUNTING_MAX)
    found: dict[UUID, list[SealedKey]] = {}
    for row in rows:
        found.setdefault(row["subscription_id"], []).append(_sealed(row))
    return found


async def rewrap_signing(conn: Connection, ring: KeyRing, after: Place, limit: int) -> Rewrapped:
    """As ``secrets.rewrap_some``, of those that sign; the name in a place is the secret's id."""
    rows = await conn.fetch(_SQL["lock_rewrap"], *after, next(iter(ring.ids), ""), limit)
    done: dict[Place, str] = {}
    failed: list[Place] = []
    for row in rows:
        place = (row["environment_id"], str(row["id"]))
        try:
            text = _sealed(row).opened(ring).value.get_secret_value()
        except SecretUnreadable:
            failed.append(place)
            continue
        sealed = ring.seal(text, _about(row["environment_id"], row["id"]))
        await conn.execute(
            _SQL["rewrap_secret"], row["id"], sealed.key_id, sealed.nonce, sealed.ciphertext
        )
        done[place] = row["key_id"]
    last = (rows[-1]["environment_id"], str(rows[-1]["id"])) if rows else None
    return Rewrapped(done=done, failed=failed, last=last)


async def forget_secrets(conn: Connection, before: datetime, *, limit: int) -> int:
    """Forget some that ended before a time; gives how many there were."""
    return len(await conn.fetch(_SQL["forget_secrets"], before, limit))


def _about(environment_id: EnvironmentId, id_: UUID) -> bytes:
    """What a value is encrypted for: a row that is copied elsewhere does not decrypt there."""
    return b"signing:" + environment_id.bytes + id_.bytes


def _sealed(row: Record) -> SealedKey:
    return SealedKey(
        id=row["id"],
        environment_id=row["environment_id"],
        sealed=Sealed(key_id=row["key_id"], nonce=row["nonce"], ciphertext=row["ciphertext"]),
    )


def _known(row: Record) -> SigningSecret:
    key = row["public_key"]
    return SigningSecret(
        **{**row, "form": SigningForm(row["form"]), "public_key": key and orjson.loads(key)}
    )
