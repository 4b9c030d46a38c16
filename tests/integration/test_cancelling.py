"""A cancellation holds wherever it meets its execution, and however full the house is."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime

import asyncpg
import pytest
from aiohttp import web

from services.executor.runs import Performing
from shared.domain.ids import StepId
from shared.domain.readiness import RunStep
from shared.domain.steps import Step
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel,
    cancel_command,
    caught_up,
    check_history,
    open_works,
    start,
    start_command,
    start_in,
    statuses,
    tell,
    until,
    workflow,
)

HOUR = {"max_attempts": 2, "initial_interval_s": 3600.0, "max_interval_s": 3600.0, "jitter": 0.0}
CONSUMED = (
    "SELECT bool_and(o.consumed_offset = p.next_offset) FROM partition_owners AS o"
    " JOIN bus_partitions AS p USING (partition) JOIN bus_topics AS t USING (topic_id)"
    " WHERE t.name = 'turnout.commands'"
)


async def asleep(works: Works, count: int) -> None:
    """Return when ``count`` executions wait for a retry."""
    await until(works.pool, "SELECT count(*) FROM executions WHERE status = 'RETRYING'", count)


# --- cancellations


@pytest.mark.parametrize("order", ["start first", "cancel first"])
async def test_a_cancellation_in_the_batch_of_the_start_wins(database: str, order: str) -> None:
    """No step runs; the execution is on record as created and cancelled."""
    async with open_works(database) as works:
        flow = await works.register(workflow(NOTE))
        id_, command = start_command(flow)
        batch = [(id_, command), (id_, cancel_command(id_))]
        await tell(works, *(batch if order == "start first" else batch[::-1]))
        await all_ended(works.pool, 1)
        assert await statuses(works.pool) == {id_: "CANCELLED"}
        steps = "SELECT count(*) FROM execution_log WHERE step_id IS NOT NULL"
        assert await works.pool.fetchval(steps) == 0
        await caught_up(works)
        await check_history(works)
        await until(works.pool, "SELECT count(*) FROM timers", 0)


async def test_cancelling_again_and_again_ends_a_step_once(database: str) -> None:
    """Repeats that come while the step is being broken off change nothing."""
    async with open_receiver() as receiver, open_works(database, fetch_max=3) as works:
        receiver.gate.clear()
        flow = await works.register(workflow(receiver.step(), NOTE))
        ids = await start(works, flow, 20)
        await eventually(lambda: len(receiver.keys) == 20)
        for _ in range(5):
            await cancel(works, *ids)
        await all_ended(works.pool, 20)
        assert set((await statuses(works.pool)).values()) == {"CANCELLED"}
        await until(works.pool, CONSUMED)
        await caught_up(works)
        await check_history(works)


async def test_a_cancellation_while_a_step_is_being_broken_off_is_harmless() -> None:
    """A step that takes a while to let go may be broken off meanwhile, again and again."""
    effect = RunStep(step=Step(id="a", action="transform"), key=StepId("a"))
    performing = Performing(effect=effect, started_at=datetime.now(UTC))
    letting_go = asyncio.Event()

    async def step() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(10) as performing.timeout:
                try:
                    await asyncio.Event().wait()
                finally:
                    letting_go.set()
                    await asyncio.sleep(0)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(step())
        await asyncio.sleep(0)
        performing.break_off()
        await letting_go.wait()
        performing.break_off()
    assert performing.is_broken


async def test_cancelling_what_has_ended_changes_nothing(database: str) -> None:
    """It stays completed, hears of nothing, and leaves no timer."""
    async with open_works(database) as works:
        [id_] = await start(works, await works.register(workflow(NOTE)))
        await all_ended(works.pool, 1)
        before = await works.pool.fetch("SELECT * FROM executions")
        await cancel(works, id_, id_)
        await until(works.pool, CONSUMED)
        await until(works.pool, "SELECT count(*) FROM timers", 0)
        assert await works.pool.fetch("SELECT * FROM executions") == before
        await caught_up(works)
        await check_history(works)


async def test_a_cancellation_that_meets_the_timer_is_not_lost(database: str) -> None:
    """Cancelled at the very time they wake, executions end; none goes on with its next attempt."""
    async with open_receiver() as receiver, open_works(database) as works:
        count = 60
        receiver.gate.clear()
        soon = {"max_attempts": 2, "initial_interval_s": 1.0, "jitter": 0.6}
        flow = await works.register(workflow(receiver.step("/flaky", retry=soon)))
        await start(works, flow, count)
        slept = "SELECT count(*) FROM execution_log WHERE status = 'RETRYING'"
        await until(works.pool, slept, count)
        # On a slow machine some are awake again by now.
        timers = await works.pool.fetch(
            "SELECT id, coalesce(extract(epoch FROM due_at - now())::float8, 0) AS in_s"
            " FROM executions LEFT JOIN timers ON execution_id = id"
        )
        chance = random.Random(7)
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            for timer in timers:
                # A command takes some milliseconds; some shall come before the timer, some after.
                in_s = max(0.0, timer["in_s"] - chance.uniform(0.0, 0.03))
                asked = cancel(works, timer["id"])
                loop.call_later(in_s, group.create_task, asked)
            await asyncio.sleep(max(timer["in_s"] for timer in timers) + 0.1)
        await all_ended(works.pool, count)
        assert set((await statuses(works.pool)).values()) == {"CANCELLED"}
        await caught_up(works)
        await check_history(works)


@pytest.mark.parametrize("state", ["running", "sleeping"])
async def test_a_durable_cancellation_is_carried_out_by_the_next_owner(
    database: str, state: str
) -> None:
    """Of an execution whose owner was lost between the two, no attempt starts any more."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        if state == "sleeping":
            receiver.plan = [web.Response(status=503)]
        async with open_works(database) as works:
            flow = await works.register(workflow(receiver.step(retry=HOUR), NOTE))
            [id_] = await start(works, flow)
            await eventually(lambda: len(receiver.keys) == 1)
            if state == "sleeping":
                await asleep(works, 1)
            await works.crash()
            # What the commit of a cancel command leaves.
            await works.pool.execute("UPDATE executions SET cancel_requested_at = now()")
            await works.pool.execute(
                "INSERT INTO inbox SELECT id, 1000, partition, $1 FROM executions",
                cancel_command(id_).decode(),
            )
        async with open_works(database) as works:
            await all_ended(works.pool, 1)
            assert await statuses(works.pool) == {id_: "CANCELLED"}
            assert len(receiver.keys) == 1
            await until(works.pool, "SELECT count(*) FROM timers", 0)


async def test_a_cancellation_that_comes_before_a_step_begins_is_first(database: str) -> None:
    """The next owner is still asking which secrets there are as it is told: nothing begins."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        async with open_works(database) as works:
            flow = await works.register(workflow(receiver.step(retry=HOUR)))
            [id_] = await start(works, flow)
            await eventually(lambda: len(receiver.keys) == 1)
            await works.crash()
        holder = await asyncpg.connect(database)
        await holder.execute("BEGIN; LOCK TABLE secrets IN ACCESS EXCLUSIVE MODE")
        async with open_works(database) as works:
            await cancel(works, id_)
            await until(works.pool, "SELECT count(*) FROM inbox", 1)
            await holder.close()
            await all_ended(works.pool, 1)
            assert await statuses(works.pool) == {id_: "CANCELLED"}
            await until(works.pool, "SELECT count(*) FROM execution_log WHERE attempt > 0", 0)
            assert len(receiver.keys) == 1


async def test_a_crash_amid_cancellations_forgets_none(database: str) -> None:
    """Some are durable and not yet carried out, some are still to be read: all sleepers end."""
    async with open_receiver() as receiver:
        receiver.plan = [web.Response(status=503) for _ in range(60)]
        async with open_works(database) as works:
            flow = await works.register(workflow(receiver.step(retry=HOUR)))
            ids = await start(works, flow, 60)
            await asleep(works, 60)
            await cancel(works, *ids[:30])
            asked = "SELECT count(*) > 0 FROM executions WHERE cancel_requested_at IS NOT NULL"
            while not await works.pool.fetchval(asked):
                pass
            await cancel(works, *ids[30:])
            await works.crash()
            left = "SELECT count(*) > 0 FROM executions WHERE finished_at IS NULL"
            assert await works.pool.fetchval(left)
        async with open_works(database) as works:
            await all_ended(works.pool, 60)
            assert len(receiver.keys) == 60


async def test_many_cancellations_at_once_need_few_connections(database: str) -> None:
    """After a restart, with no plan known and few connections, sleepers everywhere are ended."""
    async with open_receiver() as receiver:
        receiver.plan = [web.Response(status=503) for _ in range(16)]
        async with open_works(database, partitions=8) as works:
            flow = await works.register(workflow(receiver.step(retry=HOUR)))
            ids = [await start_in(works, flow, n % 8) for n in range(16)]
            await asleep(works, 16)
        async with open_works(database, partitions=8, pool_max=4) as works:
            await cancel(works, *ids)
            await all_ended(works.pool, 16)


# --- full


async def test_more_events_than_room_wait_and_are_all_carried_out(database: str) -> None:
    """Never more than ``active_max`` executions are in memory; none is lost."""
    most = 0
    async with open_receiver() as receiver, open_works(database, active_max=5) as works:
        flow = await works.register(workflow(receiver.step(), NOTE))
        await start(works, flow, 100)

        def seen() -> bool:
            nonlocal most
            most = max(most, int(works.metric("turnout_executions_active")))
            return works.metric("turnout_log_entries_published_total") == 300

        await eventually(seen)
        assert 0 < most <= 5
        await check_history(works)


async def test_hung_steps_can_be_cancelled_although_they_take_all_room(database: str) -> None:
    """A cancel command behind starts that find no room is carried out all the same."""
    async with open_receiver() as receiver, open_works(database, active_max=3) as works:
        receiver.gate.clear()
        flow = await works.register(workflow(receiver.step()))
        hung = await start(works, flow, 3)
        await eventually(lambda: len(receiver.keys) == 3)
        await start(works, flow, 20)
        await cancel(works, *hung)
        await all_ended(works.pool, 3)
        found = await statuses(works.pool)
        assert {found[id_] for id_ in hung} == {"CANCELLED"}
        reasons = "SELECT array_agg(DISTINCT cancel_reason) FROM executions WHERE id = ANY ($1)"
        assert await works.pool.fetchval(reasons, hung) == ["enough"]
        receiver.gate.set()
        await all_ended(works.pool, 23)
        await caught_up(works)
        await check_history(works)
