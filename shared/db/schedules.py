"""The schedules of live workflows; ``workflows.py`` sets them with each change."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.schedules import next_due
from shared.domain.workflows import Schedule, Workflow
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "schedules")


class Due(NamedTuple):
    """A schedule whose time has come; ``next_at`` None: it never comes again."""

    workflow_id: WorkflowId
    trigger_id: str
    environment_id: EnvironmentId
    workflow_version: int
    schedule: Schedule
    next_at: datetime | None


async def set_schedules(conn: Connection, workflow: Workflow) -> None:
    """Make the schedules of a workflow those of this version; one that is not live has none."""
    rows = [
        (name, trigger.schedule.model_dump_json(), next_at)
        for name, trigger in workflow.definition.named_triggers
        if workflow.is_matched
        and trigger.schedule is not None
        and (next_at := next_due(trigger.schedule, workflow.updated_at)) is not None
    ]
    await conn.execute(
        _SQL["set_schedules"],
        workflow.id,
        workflow.environment_id,
        workflow.version,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
    )


async def end_schedules(conn: Connection, workflow_id: WorkflowId) -> None:
    """Forget the schedules of a workflow that has ended."""
    await conn.execute(_SQL["set_schedules"], workflow_id, workflow_id, 1, [], [], [])


async def claim_due(conn: Connection, now: datetime, *, limit: int) -> list[Due]:
    """Schedules that are due, locked until the end of the transaction; others pass over them."""
    return [
        Due(
            workflow_id=WorkflowId(row["workflow_id"]),
            trigger_id=row["trigger_id"],
            environment_id=EnvironmentId(row["environment_id"]),
            workflow_version=row["workflow_version"],
            schedule=Schedule.model_validate_json(row["schedule"]),
            next_at=row["next_at"],
        )
        for row in await conn.fetch(_SQL["claim_due"], now, limit)
    ]


async def put_off(conn: Connection, fired: Sequence[Due]) -> None:
    """Say when each is due next."""
    await conn.execute(
        _SQL["put_off"],
        [due.workflow_id for due in fired],
        [due.trigger_id for due in fired],
        [due.next_at for due in fired],
    )


async def next_schedule_at(conn: Connection) -> datetime | None:
    """When the next schedule is due."""
    at: datetime | None = await conn.fetchval(_SQL["get_next"])
    return at
