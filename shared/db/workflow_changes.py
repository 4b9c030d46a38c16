"""When workflows were changed; ``workflows.py`` writes it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from shared.db.pool import Connection
from shared.domain.ids import ExecutionId, WorkflowId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "workflow_changes")


async def find_made_at(conn: Connection, workflow_id: WorkflowId) -> datetime | None:
    """When a workflow was made, for the first time if it was deleted since; None: never."""
    made_at: datetime | None = await conn.fetchval(_SQL["find_first"], workflow_id)
    return made_at


async def list_unstarted(
    conn: Connection,
    executions: Mapping[WorkflowId, ExecutionId],
    changed_after: datetime,
    changed_until: datetime,
) -> frozenset[WorkflowId]:
    """Which workflows have no such execution, and were changed or set aside in between."""
    workflows, ids = [*executions], [*executions.values()]
    given = workflows, ids, changed_after, changed_until, len(workflows)
    rows = await conn.fetch(_SQL["list_unstarted"], *given)
    return frozenset(WorkflowId(row["workflow_id"]) for row in rows)
