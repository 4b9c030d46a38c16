"""Counting what happened in an environment in a span of time.

Each part is one statement that is ended when it takes too long: that raises TooSlow, and the
transaction goes on to the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from asyncpg import QueryCanceledError, Record

from shared.db.pool import Connection
from shared.db.search import bound_search
from shared.domain.errors import Unavailable
from shared.domain.executions import Status
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.outcomes import WaitKind
from shared.runtime.sql import statements

ENDED_WITHIN: Final = timedelta(days=1)
"""Who ended is looked for among those that were created so long before a span, or in it."""

_SQL = statements(Path(__file__).parent / "queries" / "stats")
_WITHIN_S: Final = 3
_ROWS_MAX: Final = 10_000


class TooSlow(Unavailable):
    """It would take too long to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsSpan:
    """What is counted: in an environment from-including, to-excluding, maybe of one workflow."""

    environment_id: EnvironmentId
    from_at: datetime
    before_at: datetime
    workflow_id: WorkflowId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCount:
    """Executions created, or if ``is_end`` ended, in a bucket of time, that now have a status."""

    at: datetime
    is_end: bool
    status: Status
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowCount:
    """Executions of a workflow created in the span, and how those stand; ``workflow_id`` None: all.

    ``took``: within which time 50, 95 and 99 of 100 of the completed ones were; None: none was.
    """

    workflow_id: WorkflowId | None
    name: str | None
    started: int
    completed: int
    failed: int
    cancelled: int
    expired: int
    took: tuple[timedelta, timedelta, timedelta] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCount:
    """How often something of a name was there."""

    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitCount:
    """How many steps wait for something, and since when the first of them does."""

    kind: WaitKind
    count: int
    oldest_at: datetime


async def count_statuses(conn: Connection, span: StatsSpan, bucket: timedelta) -> list[StatusCount]:
    """By buckets that follow each other from the span's beginning. Raises TooSlow."""
    rows = await _rows(
        conn,
        "count_executions",
        *(span.environment_id, span.from_at, span.before_at, span.workflow_id),
        *(bucket, span.from_at - ENDED_WITHIN, _ROWS_MAX),
    )
    return [StatusCount(**{**dict(r), "status": Status(r["status"])}) for r in rows]


async def count_workflows(conn: Connection, span: StatsSpan, limit: int) -> list[WorkflowCount]:
    """First all of them, then those with most executions, at most ``limit``. Raises TooSlow."""
    rows = await _rows(
        conn,
        "count_workflows",
        *(span.environment_id, span.from_at, span.before_at, span.workflow_id),
        limit + 1,
    )
    return [
        WorkflowCount(**{**dict(row), "took": row["took"] and tuple(row["took"])}) for row in rows
    ]


async def count_events(conn: Connection, span: StatsSpan, limit: int) -> list[NameCount]:
    """The types of which most arrived. Raises TooSlow."""
    args = (span.environment_id, span.from_at, span.before_at, limit)
    return _named(await _rows(conn, "count_events", *args))


async def count_letters(conn: Connection, span: StatsSpan, limit: int) -> list[NameCount]:
    """The reasons of most dead letters. Raises TooSlow."""
    args = (span.environment_id, span.from_at, span.before_at, limit)
    return _named(await _rows(conn, "count_letters", *args))


async def count_waits(conn: Connection, span: StatsSpan) -> list[WaitCount]:
    """What is waited for now, whatever the span. Raises TooSlow."""
    rows = await _rows(conn, "count_waits", span.environment_id, span.workflow_id, len(WaitKind))
    return [WaitCount(**{**dict(r), "kind": WaitKind(r["kind"])}) for r in rows]


def _named(rows: Sequence[Record]) -> list[NameCount]:
    return [NameCount(name=row["name"], count=row["count"]) for row in rows]


async def _rows(conn: Connection, statement: str, *args: Any) -> list[Record]:
    try:
        async with conn.transaction():  # a savepoint: the others go on
            await bound_search(conn, _WITHIN_S)
            return await conn.fetch(_SQL[statement], *args)
    except QueryCanceledError:
        raise TooSlow from None
