"""Executions held for want of room: an environment has so many in memory, others have theirs."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.executor import executor as module
from services.executor.ledger import Ledger
from services.executor.shares import Shares
from shared.domain.ids import ExecutionId, StepId
from shared.domain.signals import Decided
from tests.support.crowd import Crowd, open_crowd
from tests.support.eventually import eventually
from tests.support.holding import HELD, LIMITED, MOST, OTHER, held
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel,
    check_history,
    open_works,
    say,
    start,
    start_command,
    statuses,
    tell,
    until,
    workflow,
)

ASK = {"id": "ask", "kind": "approval", "approval": {"approver": {"type": "user", "id": "boss"}}}
RUNNING = "SELECT count(*) FROM executions WHERE status = 'RUNNING'"
WAITING = "SELECT count(*) FROM executions WHERE status = 'WAITING'"


async def hung(works: Works, crowd: Crowd, count: int, *, key: str = "a") -> list[ExecutionId]:
    """Start executions of the default environment whose calls stay until the gate opens."""
    crowd.gate.clear()
    flow = await works.register(workflow(crowd.step(), NOTE))
    return await start(works, flow, count, {"key": key})


async def start_other(works: Works, count: int) -> None:
    """Start executions of the other environment that call nobody."""
    flow = await works.register(workflow(NOTE), environment_id=OTHER)
    await start(works, flow, count)


async def done(works: Works, count: int) -> None:
    """Check that so many executions completed, and nothing is left of them."""
    await all_ended(works.pool, count)
    assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
    await check_history(works)


@pytest.mark.parametrize("count", [MOST, MOST + 1, MOST * 100])
async def test_no_more_than_its_number_run(database: str, count: int) -> None:
    """At the limit, one above, far above; another environment passes; each has its turn."""
    async with open_crowd() as crowd, open_works(database, **LIMITED) as works:
        await hung(works, crowd, count)
        await held(works, count - MOST)
        await eventually(lambda: crowd.here["/a"] == MOST)
        await until(works.pool, RUNNING, MOST)
        await until(works.pool, WAITING, count - MOST)
        await start_other(works, 20)
        await all_ended(works.pool, 20)
        crowd.gate.set()
        await done(works, count + 20)
        assert crowd.most["/a"] == MOST
        assert len(crowd.paths) == count
        assert works.metric(HELD) == 0


async def test_each_environment_has_the_number_that_is_said(database: str) -> None:
    """One that is named with nothing has no limit, and one with a number has that."""
    named = {"environments": {str(OTHER): {"executions_max": 2}}}
    async with (
        open_crowd() as crowd,
        open_works(database, concurrency={"executions_max": MOST, **named}) as works,
    ):
        await hung(works, crowd, 10)
        there = await works.register(workflow(crowd.step()), environment_id=OTHER)
        await start(works, there, 10, {"key": "b"})
        await held(works, 10 - MOST + 10 - 2)
        await eventually(lambda: (crowd.here["/a"], crowd.here["/b"]) == (MOST, 2))
        crowd.gate.set()
        await done(works, 20)
        assert (crowd.most["/a"], crowd.most["/b"]) == (MOST, 2)


async def test_one_that_is_not_alone_leaves_the_others_room(database: str) -> None:
    """Without numbers, hung executions of one environment do not keep another one from running."""
    async with open_crowd() as crowd, open_works(database, active_max=10) as works:
        await start_other(works, 1)
        await all_ended(works.pool, 1)
        await hung(works, crowd, 30)
        await held(works, 21)
        await start_other(works, 50)
        await all_ended(works.pool, 51)
        crowd.gate.set()
        await done(works, 81)
        assert crowd.most["/a"] == 9


async def test_one_that_is_alone_has_all_the_room(database: str) -> None:
    """Nothing is held; what there is no room for waits in its topic."""
    async with open_crowd() as crowd, open_works(database, active_max=10) as works:
        await hung(works, crowd, 30)
        await eventually(lambda: crowd.here["/a"] == 10)
        assert works.metric(HELD) == 0
        assert await works.pool.fetchval("SELECT count(*) FROM executions") == 10
        crowd.gate.set()
        await done(works, 30)


async def test_a_crash_forgets_none_that_is_held(database: str) -> None:
    """Its successor holds them too, and goes on with each; it starts none of them twice."""
    async with open_crowd() as crowd:
        async with open_works(database, **LIMITED) as works:
            await hung(works, crowd, 50)
            await held(works, 50 - MOST)
            await works.crash()
        async with open_works(database, **LIMITED) as works:
            await held(works, 50 - MOST)
            await eventually(lambda: crowd.here["/a"] == MOST)
            crowd.gate.set()
            await done(works, 50)
            assert crowd.most["/a"] <= 2 * MOST  # calls of the lost executor may still be there


async def test_another_executor_takes_over_what_is_held(database: str) -> None:
    """A stop in order leaves them to whoever has the partitions next."""
    async with open_crowd(0.001) as crowd, open_works(database, member="two", **LIMITED) as works:
        async with open_works(database, **LIMITED) as leaving:
            await hung(leaving, crowd, 60)
            await eventually(lambda: leaving.metric(HELD) + works.metric(HELD) >= 60 - 2 * MOST)
            crowd.gate.set()
        await done(works, 60)


async def test_one_that_is_held_can_be_cancelled(database: str) -> None:
    """At once, whatever keeps the others."""
    async with open_crowd() as crowd, open_works(database, **LIMITED) as works:
        ids = await hung(works, crowd, 10)
        await held(works, 10 - MOST)
        waiting = [
            id_ for id_, status in (await statuses(works.pool)).items() if status == "WAITING"
        ]
        await cancel(works, *waiting[:4])
        await all_ended(works.pool, 4)
        found = await statuses(works.pool)
        assert {found[id_] for id_ in waiting[:4]} == {"CANCELLED"}
        crowd.gate.set()
        await all_ended(works.pool, len(ids))
        await check_history(works)
        assert len(crowd.paths) == 6


@pytest.mark.parametrize("crashes", [False, True])
async def test_what_it_was_told_waits_with_it(database: str, *, crashes: bool) -> None:
    """An approval is durable, and counts once there is room; also for whoever comes next."""
    async with open_crowd() as crowd:
        async with open_works(database, **LIMITED) as works:
            flow = await works.register(workflow(ASK))
            asked = await start(works, flow, 5)
            await until(works.pool, "SELECT count(*) FROM waits", 5)
            await hung(works, crowd, MOST)
            await eventually(lambda: crowd.here["/a"] == MOST)
            for id_ in asked:
                word = Decided(step_id=StepId("ask"), decision="approve", decision_id="d", by="b")
                await say(works, id_, word)
            await held(works, 5)
            if crashes:
                await works.crash()
            else:
                crowd.gate.set()
                await done(works, 5 + MOST)
        if crashes:
            async with open_works(database, **LIMITED) as works:
                await eventually(lambda: crowd.here["/a"] == MOST)
                crowd.gate.set()
                await done(works, 5 + MOST)


async def test_a_start_that_comes_again_leaves_its_sleep_alone(database: str) -> None:
    """A repeat for which there would be no room does not touch the timer of the one there is."""
    async with open_crowd() as crowd, open_works(database, **LIMITED) as works:
        flow = await works.register(
            workflow({"id": "s", "kind": "sleep", "sleep": {"duration_s": 3600}})
        )
        id_, command = start_command(flow)
        await tell(works, (id_, command))
        await until(works.pool, "SELECT count(*) FROM timers", 1)
        due_at = await works.pool.fetchval("SELECT due_at FROM timers")
        await hung(works, crowd, MOST)
        await eventually(lambda: crowd.here["/a"] == MOST)
        await tell(works, (id_, command))
        await eventually(lambda: works.metric("turnout_start_commands_repeated_total") == 1)
        assert await works.pool.fetchval("SELECT due_at FROM timers") == due_at
        assert works.metric(HELD) == 0
        await cancel(works, id_)
        crowd.gate.set()
        await all_ended(works.pool, 1 + MOST)
        await check_history(works)


async def test_a_start_that_comes_again_before_it_is_durable_is_known(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though there is room for it by now: of the two, one is in the log, with all that follows."""
    room, gate, asked = 0, asyncio.Event(), 0
    durable = Ledger.admit

    async def admit(*given: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        await gate.wait()  # both are then in one commit
        return await durable(*given, **named)

    monkeypatch.setattr(Shares, "room_of", lambda *_: room)
    monkeypatch.setattr(Ledger, "admit", admit)
    async with open_crowd() as crowd, open_works(database) as works:
        again = start_command(await works.register(workflow(NOTE, crowd.step())))
        await tell(works, again)
        await eventually(lambda: asked == 1)
        room = MOST
        await tell(works, again)
        await eventually(lambda: asked == 2)
        gate.set()
        await done(works, 1)
        assert len(crowd.paths) == 1


async def test_one_that_is_held_expires_once_there_is_room(database: str) -> None:
    """Its time to live runs meanwhile; it ends without a step."""
    async with open_crowd() as crowd, open_works(database, **LIMITED) as works:
        await hung(works, crowd, MOST)
        await eventually(lambda: crowd.here["/a"] == MOST)
        brief = {**workflow(crowd.step()), "policy": {"expires_after_s": 60}}
        flow = await works.register(brief)
        await start(works, flow, 2, {"key": "b"})
        await held(works, 2)
        expiry = await works.pool.fetchval("SELECT max(expires_at - created_at) FROM executions")
        assert expiry == timedelta(seconds=60)
        await works.pool.execute(
            "UPDATE executions SET expires_at = now() WHERE expires_at > now()"
        )
        crowd.gate.set()
        await all_ended(works.pool, MOST + 2)
        found = list((await statuses(works.pool)).values())
        assert found.count("EXPIRED") == 2
        assert crowd.most["/b"] == 0
        await check_history(works)


async def test_beyond_what_may_be_held_everything_waits_in_its_topic(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded, also that of the ids; nothing is lost."""
    monkeypatch.setattr(module, "HELD_MAX", 20)
    async with open_crowd() as crowd, open_works(database, fetch_max=5, **LIMITED) as works:
        await hung(works, crowd, 100)
        await eventually(lambda: works.metric(HELD) >= 20)
        count = await works.pool.fetchval("SELECT count(*) FROM executions")
        assert count <= 20 + MOST + 2 * 5
        crowd.gate.set()
        await done(works, 100)
        assert crowd.most["/a"] == MOST
