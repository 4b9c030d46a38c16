"""Events of which an environment's workflows and waiting steps could not all be asked at once.

Each stands here from before its offset is committed until the last of its workflows is decided,
and then the last of those who wait for it is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId, EventKey, WorkflowId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "late_events")

BEFORE_ALL: Final = EnvironmentId(UUID(int=0))
AFTER_ALL: Final = WorkflowId(UUID(int=2**128 - 1))
"""Where an event stands of which only those who wait for it are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateEvent:
    """An event, as it stands on the topic, and the first workflow that is not decided.

    Of those before that ``matched`` matched.
    """

    environment_id: EnvironmentId
    key: EventKey
    first: WorkflowId
    matched: int = 0
    event: bytes


async def put_late(conn: Connection, events: Sequence[LateEvent], now: datetime) -> None:
    """Keep events for later; one that is there already is then tried from the earlier place."""
    rows = sorted(events, key=lambda one: (one.environment_id, one.key))
    await conn.executemany(
        _SQL["put_event"],
        [(e.environment_id, e.key, now, e.first, e.matched, e.event) for e in rows],
    )


async def take_late(conn: Connection, after: EnvironmentId) -> LateEvent | None:
    """The oldest of the next environment after one, held until the transaction ends."""
    row = await conn.fetchrow(_SQL["take_event"], after)
    if row is None:
        return None
    return LateEvent(
        environment_id=row["environment_id"],
        key=row["event_key"],
        first=row["first_workflow_id"],
        matched=row["matched"],
        event=row["event"],
    )


async def move_on(
    conn: Connection, event: LateEvent, first: WorkflowId | None, *, matched: int
) -> None:
    """Say from which workflow on it is to be tried, and how many matched before; None: all are."""
    if first is None:
        await conn.execute(_SQL["end_event"], event.environment_id, event.key)
    else:
        await conn.execute(_SQL["move_on"], event.environment_id, event.key, first, matched)


async def list_late(conn: Connection, *, limit: int) -> frozenset[EventKey]:
    """The events on which some workflows are still to be decided."""
    return frozenset(row["event_key"] for row in await conn.fetch(_SQL["list_keys"], limit))
