"""The versions of a workflow, which never change, and who made each."""

from pathlib import Path
from typing import NamedTuple

from shared.db.pool import Connection
from shared.db.workflows import workflow_of
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Workflow
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "workflow_versions")


class Version(NamedTuple):
    """A version, made at its ``updated_at``; ``made_by`` None: that was not noted."""

    workflow: Workflow
    made_by: str | None


async def list_versions(
    conn: Connection, workflow_id: WorkflowId, *, before: int, limit: int
) -> list[Version]:
    """Versions before a number, the latest first, also of a deleted workflow."""
    rows = await conn.fetch(_SQL["list_versions"], workflow_id, before, limit)
    return [Version(workflow_of(row), row["made_by"]) for row in rows]
