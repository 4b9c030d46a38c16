"""How often workflows were decided on, by reason and day, and how many events triggers named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId, EventKey, WorkflowId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "decision_counts")
_REASONS_MAX: Final = 100


class Decided(NamedTuple):
    """Decisions on a workflow for one reason, on events of a day in UTC, and the last of them."""

    environment_id: EnvironmentId
    workflow_id: WorkflowId
    day: date
    reason: str
    decisions: int
    event_key: EventKey
    event_at: datetime


class Arrived(NamedTuple):
    """Events of a day in UTC that triggers with a name await."""

    environment_id: EnvironmentId
    event_name: str
    day: date
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How often a workflow was decided on for a reason, and the last event of which."""

    reason: str
    count: int
    event_key: EventKey
    event_at: datetime


async def add_decisions(conn: Connection, decided: Sequence[Decided]) -> None:
    """Add to what was counted; each workflow, day and reason comes once."""
    # In one order everywhere: so two who add at once wait for each other, and no longer.
    ordered = sorted(decided, key=lambda one: (one.workflow_id, one.day, one.reason))
    await conn.execute(_SQL["add_decisions"], *map(list, zip(*ordered, strict=True)))


async def add_events(conn: Connection, arrived: Sequence[Arrived]) -> None:
    """Add to what was counted; each name and day comes once."""
    ordered = sorted(arrived, key=lambda one: one[:-1])
    await conn.execute(_SQL["add_events"], *map(list, zip(*ordered, strict=True)))


async def count_decisions(
    conn: Connection, workflow_id: WorkflowId, first: date, last: date
) -> list[ReasonCount]:
    """What was counted of a workflow from one day to another, both with; the most first."""
    rows = await conn.fetch(_SQL["count_decisions"], workflow_id, first, last, _REASONS_MAX)
    return [
        ReasonCount(
            reason=row["reason"],
            count=row["decisions"],
            event_key=EventKey(row["event_key"]),
            event_at=row["event_at"],
        )
        for row in rows
    ]


async def count_events(
    conn: Connection, environment_id: EnvironmentId, names: Sequence[str], first: date, last: date
) -> int:
    """How many events came that triggers with these names await; none is to cover another."""
    count: int = await conn.fetchval(_SQL["count_events"], environment_id, list(names), first, last)
    return count


async def forget_counts(conn: Connection, before: date) -> None:
    """Forget the days before a date."""
    await conn.execute(_SQL["forget_counts"], before)
