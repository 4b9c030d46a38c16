"""What an execution comes to that does one step, as its schedule asks."""

from shared.db.history import Result, find_result
from shared.domain.ids import due_id, schedule_id
from tests.integration.test_schedules import EVENING, NIGHT, house
from tests.integration.test_step_schedules import DONE, FIRST, TWO, set_up, told
from tests.support.virtual_clock import VirtualClock
from tests.support.works import transform, until, workflow


async def test_a_night_comes_to_what_its_step_gave(database: str) -> None:
    """Where the step is skipped to nothing, whatever the steps before it had given."""
    clock = VirtualClock(EVENING)
    async with house(database, clock) as works:
        call = transform("call", "steps.before.output + 1") | {"schedule": TWO}
        until_then = {"run_if": "$now() < '2026-11-24'"}
        flow = await works.register(workflow(transform("before", "payload.n"), call | until_then))
        id_ = await set_up(works, flow)
        for night, status, result in ((0, "COMPLETED", 8), (1, "SKIPPED", None)):
            clock.jump(FIRST + night * NIGHT)
            await until(works.pool, DONE, 2 + night)
            ticked = due_id(schedule_id(id_, "call"), FIRST + night * NIGHT)
            steps = await told(works, ticked)
            assert (steps["before"]["attempt"], steps["call"]["status"]) == (0, status)
            async with works.pool.acquire() as conn:
                assert await find_result(conn, ticked) == Result(result)
