"""The matcher tells how many workflows each of their events must try."""

from uuid import UUID, uuid4

from shared.db.quarantine import Quarantine, set_aside
from shared.db.workflows import delete_workflow, lock_changes
from shared.domain.ids import EventKey, WorkflowId
from shared.domain.workflows import Workflow
from tests.support.eventually import eventually
from tests.support.house import House, open_house

TRIED = {
    "name": "w",
    "triggers": [{"event_name": "go"}],
    "run_if": "$string(payload.n) = '2'",
    "steps": [],
}
LOOKED_UP = {**TRIED, "run_if": "payload.n = 2"}


async def told(house: House, *, live: int, unindexed: int) -> None:
    """Wait until the matcher tells of so many."""

    def gauges() -> tuple[float | None, float | None]:
        value = house.platform.registry.get_sample_value
        return value("turnout_workflows_live"), value("turnout_workflows_unindexed")

    await eventually(lambda: gauges() == (live, unindexed), within_s=30)


async def put_aside(house: House, workflow: Workflow) -> None:
    """Do as a matcher does."""
    quarantine = Quarantine(
        workflow_id=WorkflowId(workflow.id),
        version=workflow.version,
        code="D1012",
        event_key=EventKey(UUID(int=1)),
        since=house.platform.clock.now(),
    )
    async with house.platform.pool.acquire() as conn, conn.transaction():
        await lock_changes(conn)
        assert await set_aside(conn, quarantine)


async def test_the_gauge_follows_what_is_put_replaced_and_removed(database: str) -> None:
    """One that is set aside counts on; another look at the database says the same."""
    async with open_house(database, refresh_s=60) as house:
        await told(house, live=0, unindexed=0)
        one = await house.register(TRIED)
        await told(house, live=1, unindexed=1)
        await house.register(LOOKED_UP)
        await told(house, live=2, unindexed=1)
        await house.register(LOOKED_UP, id=one.id, version=2)
        await told(house, live=2, unindexed=0)
        one = await house.register(TRIED, id=one.id, version=3)
        other = await house.register(TRIED, id=uuid4())
        await told(house, live=3, unindexed=2)
        await put_aside(house, one)
        async with house.platform.pool.acquire() as conn, conn.transaction():
            await lock_changes(conn)
            await delete_workflow(conn, WorkflowId(other.id), other.updated_at)
        await told(house, live=2, unindexed=1)
    async with open_house(database) as house:
        await told(house, live=2, unindexed=1)
