"""Executions that were taken out of view where a dialect lets people do so; none is ever lost."""

from datetime import datetime
from pathlib import Path

from shared.db.history import Execution
from shared.db.pool import Connection
from shared.domain.ids import ExecutionId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "hidden_runs")


async def hide_run(conn: Connection, execution: Execution, now: datetime) -> None:
    """Take an execution out of view; asked again, nothing changes."""
    await conn.execute(_SQL["hide_run"], execution.id, execution.environment_id, now)


async def is_hidden(conn: Connection, execution_id: ExecutionId) -> bool:
    """Whether an execution is out of view."""
    hidden: bool = await conn.fetchval(_SQL["is_hidden"], execution_id)
    return hidden
