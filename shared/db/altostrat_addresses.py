"""The tokens of Altostrat's webhooks, sealed: their addresses are shown again and again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import structlog
from asyncpg import Record

from shared.db.pool import Connection
from shared.db.secrets import Place, Rewrapped
from shared.domain.workflows import Workflow
from shared.runtime.keyring import KeyRing, Sealed, Unopened
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "altostrat_addresses")

log = structlog.get_logger(__name__)


async def keep_address(conn: Connection, ring: KeyRing, workflow: Workflow, token: str) -> None:
    """Keep the token of a workflow's webhook. Raises Conflict without a ring."""
    sealed = ring.seal(token, _about(workflow.environment_id, workflow.id))
    await _put(conn, workflow.id, workflow.environment_id, sealed)


async def read_addresses(
    conn: Connection, ring: KeyRing, workflow_ids: Sequence[UUID]
) -> Mapping[UUID, str]:
    """The tokens of those workflows that have one; what cannot be opened is logged and left out."""
    found: dict[UUID, str] = {}
    for row in await conn.fetch(_SQL["list_addresses"], workflow_ids):
        if (token := _opened(ring, row)) is not None:
            found[row["workflow_id"]] = token
    return found


async def rewrap_addresses(conn: Connection, ring: KeyRing, after: Place, limit: int) -> Rewrapped:
    """As ``secrets.rewrap_some``, of addresses; the name in a place is the workflow's id."""
    rows = await conn.fetch(_SQL["lock_rewrap"], *after, next(iter(ring.ids), ""), limit)
    done: dict[Place, str] = {}
    failed: list[Place] = []
    for row in rows:
        place, token = _place(row), _opened(ring, row)
        if token is None:
            failed.append(place)
            continue
        sealed = ring.seal(token, _about(row["environment_id"], row["workflow_id"]))
        await _put(conn, row["workflow_id"], row["environment_id"], sealed)
        done[place] = row["key_id"]
    return Rewrapped(done=done, failed=failed, last=_place(rows[-1]) if rows else None)


async def _put(conn: Connection, workflow_id: UUID, environment_id: UUID, sealed: Sealed) -> None:
    await conn.execute(
        _SQL["put_address"],
        *(workflow_id, environment_id, sealed.key_id, sealed.nonce, sealed.ciphertext),
    )


def _about(environment_id: UUID, workflow_id: UUID) -> bytes:
    """What a token is sealed for: a row that is copied elsewhere does not open there."""
    return b"webhook" + environment_id.bytes + workflow_id.bytes


def _place(row: Record) -> Place:
    return row["environment_id"], str(row["workflow_id"])


def _opened(ring: KeyRing, row: Record) -> str | None:
    sealed = Sealed(key_id=row["key_id"], nonce=row["nonce"], ciphertext=row["ciphertext"])
    try:
        return ring.open(sealed, _about(row["environment_id"], row["workflow_id"]))
    except Unopened as reason:
        log.error(  # noqa: TRY400 - the reason is all there is to say
            "address_unreadable", workflow_id=str(row["workflow_id"]), reason=reason.message
        )
        return None
