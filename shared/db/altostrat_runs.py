"""What Altostrat's routes ask of executions beside the executions themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from shared.db.pool import Connection
from shared.db.search import Place, bound_search
from shared.domain.executions import Status
from shared.domain.ids import EnvironmentId, ExecutionId, WorkflowId
from shared.runtime.sql import statements

RUNS_MAX: Final = 10_000
"""So many executions of a workflow are counted, and can be reached by pages."""
COUNTED_MAX: Final = 100_000

_SQL: Final = statements(Path(__file__).parent / "queries" / "altostrat_runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentAttempt:
    """The last attempt of a workflow's last execution: what stands in its log at ``position``."""

    workflow_id: WorkflowId
    execution_id: ExecutionId
    workflow_version: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCount:
    """Executions that stand alike; ``asks``: they wait for a person. ``took_s``: all together."""

    status: Status
    asks: bool
    count: int
    took_s: float


async def count_runs(conn: Connection, workflow_id: WorkflowId) -> int:
    """How many executions a workflow has, at most ``RUNS_MAX``."""
    count: int = await conn.fetchval(_SQL["count_runs"], workflow_id, RUNS_MAX)
    return count


async def find_place_after(conn: Connection, workflow_id: WorkflowId, count: int) -> Place | None:
    """Where the ``count`` (1 or more) latest executions end; None: there are not so many."""
    row = await conn.fetchrow(_SQL["find_place"], workflow_id, count)
    return None if row is None else (row["created_at"], row["id"])


async def list_payloads(
    conn: Connection, execution_ids: Sequence[ExecutionId]
) -> Mapping[ExecutionId, Any]:
    """What the events held that started executions, as far as that is kept."""
    rows = await conn.fetch(_SQL["list_events"], execution_ids)
    return {row["execution_id"]: orjson.loads(row["event"]).get("data") for row in rows}


async def list_asking(
    conn: Connection, execution_ids: Sequence[ExecutionId]
) -> frozenset[ExecutionId]:
    """Those that wait for a person."""
    rows = await conn.fetch(_SQL["list_asking"], execution_ids)
    return frozenset(row["execution_id"] for row in rows)


async def list_recent(
    conn: Connection, environment_id: EnvironmentId, *, limit: int
) -> list[RecentAttempt]:
    """The last attempt of each workflow, the latest first."""
    rows = await conn.fetch(_SQL["list_recent"], environment_id, limit)
    return [RecentAttempt(**dict(row)) for row in rows]


async def count_statuses(
    conn: Connection, environment_id: EnvironmentId, since: datetime
) -> list[StatusCount]:
    """How executions created since then stand, the latest ``COUNTED_MAX`` of them.

    Needs a transaction. Raises Unavailable when that takes too long.
    """
    await bound_search(conn)
    rows = await conn.fetch(_SQL["count_statuses"], environment_id, since, COUNTED_MAX)
    return [StatusCount(**{**dict(row), "status": Status(row["status"])}) for row in rows]
