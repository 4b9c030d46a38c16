"""The matcher's table of workflows follows the database."""

from shared.db.workflows import delete_workflow, lock_changes
from shared.domain.ids import WorkflowId
from tests.support.eventually import eventually
from tests.support.house import House, count, open_house

FLOW = {"name": "w", "triggers": [{"event_name": "go"}], "steps": []}
QUIET_DELETE = """
WITH gone AS (UPDATE workflows SET is_deleted = true WHERE id = $1 RETURNING id, version)
INSERT INTO workflow_changes (workflow_id, version, is_active, is_deleted, changed_at)
SELECT id, version, true, true, now() FROM gone
"""


def live(house: House) -> float | None:
    """How many workflows the matcher has."""
    return house.platform.registry.get_sample_value("turnout_workflows_live")


async def test_a_change_is_taken_within_a_second(database: str) -> None:
    """A workflow registered and deleted while the matcher runs is matched, and no more.

    Long before the matcher would look again by itself.
    """
    async with open_house(database, refresh_s=60) as house:
        workflow = await house.register(FLOW)
        await eventually(lambda: live(house) == 1, within_s=30)
        async with house.platform.pool.acquire() as conn, conn.transaction():
            await lock_changes(conn)
            await delete_workflow(conn, WorkflowId(workflow.id), workflow.updated_at)
        await eventually(lambda: live(house) == 0, within_s=30)


async def test_a_change_whose_notification_was_lost_is_taken_at_the_next_look(
    database: str,
) -> None:
    """Without NOTIFY the table is fresh after ``refresh_s``; the event starts nothing any more."""
    async with open_house(database, refresh_s=0.2) as house:
        workflow = await house.register(FLOW)
        await eventually(lambda: live(house) == 1)
        await house.platform.pool.execute(QUIET_DELETE, workflow.id)
        await eventually(lambda: live(house) == 0)
        other = await house.register(FLOW)
        await eventually(lambda: live(house) == 1)
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases())
        started = await house.platform.pool.fetchval("SELECT workflow_id FROM executions")
        assert started == other.id
        assert await count(house.platform.pool, "executions") == 1


async def test_a_matcher_that_starts_late_knows_what_is_there(database: str) -> None:
    """Definitions from before the start are loaded before the first event is matched."""
    async with open_house(database) as house:
        await house.register(FLOW)
        await eventually(lambda: live(house) == 1)
    async with open_house(database) as house:
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases())
