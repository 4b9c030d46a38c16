"""What Altostrat's routes ask of workflows beside the workflows themselves."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from shared.db.pool import Connection
from shared.db.search import Place
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.runtime.sql import statements

CALLERS_SHOWN_MAX: Final = 10
AUTHORIZATIONS_MAX: Final = 1_000

_SQL: Final = statements(Path(__file__).parent / "queries" / "altostrat_workflows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """An account that workflows name, and since when."""

    id: str
    created_at: datetime


async def find_place_after(
    conn: Connection, environment_id: EnvironmentId, count: int
) -> Place | None:
    """Where the first ``count`` (1 or more) workflows end; None: there are not so many."""
    row = await conn.fetchrow(_SQL["find_place"], environment_id, count)
    return None if row is None else (row["created_at"], row["id"])


async def list_callers(
    conn: Connection, environment_id: EnvironmentId, workflow_id: WorkflowId
) -> list[str]:
    """The names of other workflows whose steps call one, ``CALLERS_SHOWN_MAX`` of them."""
    rows = await conn.fetch(_SQL["list_callers"], environment_id, workflow_id, CALLERS_SHOWN_MAX)
    return [row["name"] for row in rows]


async def list_authorizations(
    conn: Connection, environment_id: EnvironmentId
) -> list[Authorization]:
    """The accounts that the environment's workflows name, the oldest first."""
    rows = await conn.fetch(_SQL["list_authorizations"], environment_id, AUTHORIZATIONS_MAX)
    return [Authorization(id=row["id"], created_at=row["created_at"]) for row in rows]
