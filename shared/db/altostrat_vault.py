"""Altostrat's vault: secrets of environments that have names for people, and may end."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from asyncpg import Record

from shared.db.pool import Connection
from shared.db.secrets import SECRETS_MAX, Place
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.runtime.sql import statements

_SQL: Final = statements(Path(__file__).parent / "queries" / "altostrat_vault")


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultItem:
    """What is known of a secret beside its value; ``id`` is what the secret is called."""

    id: str
    name: str
    version: int
    key_id: str
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


async def label_secret(
    conn: Connection,
    place: Place,
    name: str,
    expires_at: datetime | None,
    *,
    now: datetime,
    by: str,
) -> VaultItem:
    """Give a secret that is there a name and an end (None: it has none). Raises NotFound."""
    row = await conn.fetchrow(_SQL["label_secret"], *place, name, expires_at, now, by)
    return _item(row, place)


async def get_item(conn: Connection, place: Place) -> VaultItem:
    """One secret of the vault. Raises NotFound."""
    return _item(await conn.fetchrow(_SQL["find_item"], *place), place)


async def list_items(conn: Connection, environment_id: EnvironmentId) -> list[VaultItem]:
    """The vault of an environment, in the order in which its secrets were made."""
    rows = await conn.fetch(_SQL["list_items"], environment_id, 2 * SECRETS_MAX)
    return [_item(row, (environment_id, row["name"])) for row in rows]


def _item(row: Record | None, place: Place) -> VaultItem:
    if row is None:
        raise NotFound(f"There is no secret '{place[1]}' in the vault.")
    return VaultItem(
        id=row["name"],
        name=row["label"],
        version=row["version"],
        key_id=row["key_id"],
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
