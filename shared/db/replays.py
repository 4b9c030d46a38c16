"""The archive of events in the order of their arrival, for those who go through a span of it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import orjson

from shared.db.pool import Connection
from shared.db.search import Place, bound_search
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId
from shared.runtime.sql import statements
from shared.wire.events import decode_event

_SQL = statements(Path(__file__).parent / "queries" / "replays")
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Events of an environment by arrival, from-including, to-excluding; None: any.

    ``payload`` is JSON that theirs holds, as jsonb's ``@>`` has it.
    """

    environment_id: EnvironmentId
    from_at: datetime
    before_at: datetime
    type: str | None = None
    source: str | None = None
    subject: str | None = None
    payload: str | None = None


class Passed(NamedTuple):
    """A place in the order of arrival, and the event there; None: it does not fit."""

    place: Place
    event: Event | None


async def list_span(
    conn: Connection, span: Span, *, after: Place | None = None, limit: int
) -> list[Passed]:
    """The earliest events after a place, at most ``limit``, be they such as fit or not.

    Those of another type are not looked at.
    """
    from_at, key = after or (span.from_at, _BEFORE_ALL)
    await bound_search(conn)
    rows = await conn.fetch(
        _SQL["list_span"],
        span.environment_id,
        from_at,
        span.before_at,
        key,
        span.type,
        limit,
        span.source,
        span.subject,
        span.payload,
    )
    return [
        Passed(
            (row["received_at"], row["key"]),
            None if row["record"] is None else decode_event(orjson.loads(row["record"])),
        )
        for row in rows
    ]
