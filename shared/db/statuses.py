"""How executions stand, looked up by their ids and no more."""

from collections.abc import Collection, Mapping
from pathlib import Path

from shared.db.pool import Connection
from shared.domain.executions import Status
from shared.domain.ids import ExecutionId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "statuses")


async def list_statuses(
    conn: Connection, ids: Collection[ExecutionId]
) -> Mapping[ExecutionId, Status]:
    """The status of each of ``ids`` that has started."""
    rows = await conn.fetch(_SQL["list_statuses"], list(ids), len(ids))
    return {ExecutionId(row["id"]): Status(row["status"]) for row in rows}
