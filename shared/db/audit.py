"""What was changed through the api, and by whom: written with each change, never changed itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId
from shared.domain.principals import Caller
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

_SQL = statements(Path(__file__).parent / "queries" / "audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was done (``workflow.replace``) to what (``workflow:<id>``), and what that changed.

    ``before`` and ``after`` are JSON without secrets and payloads; None: it was not there.
    """

    action: str
    target: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A change as the log has it."""

    id: UUID
    at: datetime
    caller: Caller
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFilter:
    """Which changes of an environment; None: any. The times are from-including, to-excluding."""

    environment_id: EnvironmentId
    target: str | None = None
    principal: str | None = None
    from_at: datetime | None = None
    before_at: datetime | None = None


async def note_change(conn: Connection, noted: Noted) -> None:
    """To be called in the transaction that makes the change, or before its command is sent."""
    caller, change = noted.caller, noted.change
    await conn.execute(
        _SQL["insert_change"],
        noted.id,
        caller.environment_id,
        noted.at,
        caller.name,
        change.action,
        change.target,
        _written(change.before),
        _written(change.after),
        caller.request_id,
    )


async def list_changes(
    conn: Connection,
    which: ChangeFilter,
    *,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Noted]:
    """Changes, the latest first, before a place."""
    at, id_ = before or (None, None)
    rows = await conn.fetch(
        _SQL["list_changes"],
        which.environment_id,
        which.target,
        which.principal,
        which.from_at,
        which.before_at,
        at,
        id_,
        limit,
    )
    return [
        Noted(
            id=row["id"],
            at=row["at"],
            caller=Caller(
                name=row["principal"],
                environment_id=row["environment_id"],
                request_id=row["request_id"],
            ),
            change=Change(
                action=row["action"],
                target=row["target"],
                before=_read(row["before"]),
                after=_read(row["after"]),
            ),
        )
        for row in rows
    ]


def _written(document: Mapping[str, Any] | None) -> str | None:
    return None if document is None else dumps(document).decode()


def _read(document: str | None) -> Any:
    return None if document is None else orjson.loads(document)
