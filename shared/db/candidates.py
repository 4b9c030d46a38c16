"""The workflows that await an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from asyncpg import Record

from shared.db.pool import Connection
from shared.db.workflows import workflow_of
from shared.domain.events import Event
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Workflow
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "workflows")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workflow as it was when an event arrived, not read yet: that takes a while of large ones.

    ``row`` is what the statement says of it.
    """

    row: Record

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Its place in the order of creation."""
        return self.row["created_at"], self.row["id"]

    def read(self) -> Workflow:
        """The workflow. Hundreds of them are not to be read on an event loop."""
        return workflow_of(self.row)


async def list_candidates(
    conn: Connection,
    event: Event,
    *,
    workflow_id: WorkflowId | None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Candidate]:
    """The workflows of the event's environment, as they were when it arrived, that await its type.

    In the order of creation, after a place in it. With ``workflow_id`` that workflow only, whatever
    it awaits.
    """
    about, at = event.environment_id, event.received_at
    if workflow_id is not None:
        rows = await conn.fetch(_SQL["find_candidate"], about, workflow_id, at)
    else:
        place = after or (None, None)
        rows = await conn.fetch(_SQL["list_candidates"], about, event.type, at, limit, *place)
    return [Candidate(row) for row in rows]
