"""Schedulers that stop between telling and writing down: each time starts once all the same."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from shared.domain.errors import Unavailable
from tests.integration.test_nothing_passed_over import refusing
from tests.integration.test_schedules import DONE, EVENING, NIGHT, fire, nightly
from tests.support.processes import Roles
from tests.support.virtual_clock import VirtualClock
from tests.support.works import NOTE, Works, open_works, until

LOCK = 77
# Whoever writes down what was fired waits for the lock: it has published by then.
GATE = f"""
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({LOCK});
    RETURN new;
END $$;
CREATE TRIGGER gate BEFORE UPDATE ON schedules FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
"""
WAITING = (
    f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND NOT granted"
)
TOLD = (
    "SELECT count(*) FROM bus_records JOIN bus_topics USING (topic_id)"
    " WHERE name = 'turnout.commands'"
)
STARTED = (
    "SELECT (input -> 'data' ->> 'scheduled_at')::timestamptz AS at FROM execution_log"
    " WHERE position = 1"
)


@asynccontextmanager
async def closed_gate(database: str) -> AsyncIterator[asyncpg.Connection]:
    """Nobody writes down what was fired until the context ends."""
    conn = await asyncpg.connect(database)
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", LOCK)
        yield conn
    finally:
        await conn.close()


async def ticked(works: Works) -> None:
    """Return when a schedule has fired since."""
    last_at = await works.pool.fetchval("SELECT max(last_at) FROM schedules")
    await until(works.pool, f"SELECT max(last_at) > '{last_at or '-infinity'}' FROM schedules")


async def test_a_scheduler_that_dies_after_telling_is_made_up_for(database: str) -> None:
    """Another tells again; three nights, each told twice, are three executions."""
    clock = VirtualClock(EVENING)
    async with open_works(database, clock=clock) as works:
        await works.pool.execute(GATE)
        await nightly(works, clock)
        for night in range(1, 4):
            clock.jump(EVENING + night * NIGHT)
            async with closed_gate(database) as conn:
                dying = asyncio.create_task(fire(works))
                await until(works.pool, WAITING, 1)
                await conn.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND objid = $1 AND NOT granted",
                    LOCK,
                )
                with pytest.raises(Unavailable):
                    await dying
            assert await fire(works) == 1
            await until(works.pool, TOLD, 2 * night)
            await until(works.pool, DONE, night)
        assert await works.pool.fetchval("SELECT count(*) FROM executions") == 3


async def test_a_start_that_cannot_be_told_stays_due(database: str) -> None:
    """The next who looks starts it, once."""
    clock = VirtualClock(EVENING)
    async with open_works(database, clock=clock) as works:
        await nightly(works, clock)
        clock.jump(EVENING + NIGHT)
        with pytest.raises(Unavailable):
            await fire(replace(works, platform=refusing(works.platform, "turnout.commands")))
        assert [await fire(works) for _ in range(2)] == [1, 0]
        await until(works.pool, DONE, 1)
        assert await works.pool.fetchval(TOLD) == 1


async def test_a_scheduler_that_pauses_after_telling_holds_its_schedule(database: str) -> None:
    """Others pass over it meanwhile, and find nothing left to do when it goes on."""
    clock = VirtualClock(EVENING)
    async with open_works(database, clock=clock) as works:
        await works.pool.execute(GATE)
        await nightly(works, clock)
        clock.jump(EVENING + NIGHT)
        async with closed_gate(database):
            paused = asyncio.create_task(fire(works))
            await until(works.pool, WAITING, 1)
            assert [await fire(works) for _ in range(2)] == [0, 0]
        assert await paused == 1
        assert await fire(works) == 0
        await until(works.pool, DONE, 1)
        assert await works.pool.fetchval(TOLD) == 1


@pytest.mark.slow
async def test_three_schedulers_that_freeze_and_die_fire_each_second_once(database: str) -> None:
    """Processes of the product: one always runs, one freezes, one is killed and comes back."""
    each_second = {"kind": "cron", "value": "* * * * * *", "catch_up": "all", "catch_up_max": 60}
    flow = {
        "name": "w",
        "triggers": [{"kind": "schedule", "schedule": each_second}],
        "steps": [NOTE],
    }
    environment = {"DATABASE_URL": database, "TURNOUT_PARTITIONS": "4"}
    async with open_works(database) as works, Roles(environment, "ticking") as roles:
        async with asyncio.TaskGroup() as group:
            for replica in ("a", "b", "c"):
                group.create_task(roles.start("scheduler", replica))
        await works.register(flow)
        for _ in range(3):
            await ticked(works)
            roles.process("scheduler", "b").send_signal(signal.SIGSTOP)
            killed = roles.process("scheduler", "c")
            killed.kill()
            await killed.wait()
            await roles.start("scheduler", "c")
            roles.process("scheduler", "b").send_signal(signal.SIGCONT)
        await ticked(works)
        await works.pool.execute("UPDATE schedules SET is_resting = true")
        await until(works.pool, "SELECT bool_and(finished_at IS NOT NULL) FROM executions")
        last_at = await works.pool.fetchval("SELECT last_at FROM schedules")
        await until(works.pool, f"SELECT max(at) = '{last_at}' FROM ({STARTED}) AS started")
        times = [row["at"] for row in await works.pool.fetch(f"{STARTED} ORDER BY 1")]
        assert len(times) > 3
        assert times == [times[0] + n * timedelta(seconds=1) for n in range(len(times))]
