"""Executions that run by turns: never too many of a key, in order, and none waits for ever."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.executor import turns as module
from services.executor.shares import Shares
from services.scheduler.pass_turns import pass_stuck
from shared.db.pool import Pool
from shared.db.turns import Asking, ask_turn, end_turn
from shared.domain.ids import ExecutionId, WorkflowId
from shared.domain.workflows import Workflow
from tests.support.crowd import open_crowd
from tests.support.eventually import eventually
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel,
    check_history,
    open_works,
    start,
    start_command,
    statuses,
    tell,
    until,
    workflow,
)

KEY = {"lang": "jsonata", "src": "payload.key"}
TURNS = "SELECT count(*) FROM turns"
LOCKED_OUT = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'
"""


def by_turns(*steps: dict[str, Any], most: int = 1, **more: Any) -> dict[str, Any]:
    """A workflow whose executions of the same key run one after another."""
    policy = {"concurrency_key": KEY, "concurrency_max": most, **more}
    return {**workflow(*steps), "policy": policy}


async def waiting(works: Works, count: int) -> None:
    """Return when so many executions wait for their turn."""
    await until(works.pool, "SELECT count(*) FROM waits WHERE kind = 'turn'", count)


async def queued(works: Works, flow: Workflow, count: int, key: str = "a") -> list[ExecutionId]:
    """Start executions one after another, each once those before it run or wait."""
    ids: list[ExecutionId] = []
    for _ in range(count):
        ids += await start(works, flow, payload={"key": key})
        await until(works.pool, TURNS, len(ids))
    return ids


async def test_two_executors_never_run_two_of_a_key(database: str) -> None:
    """Forty executions on three keys; between steps nothing of another one comes in."""
    async with (
        open_crowd(0.005) as crowd,
        open_works(database) as works,
        open_works(database, member="two"),
    ):
        flow = await works.register(by_turns(crowd.step(), {**crowd.step(), "id": "more"}))
        commands = [start_command(flow, {"key": "abc"[n % 3]}) for n in range(40)]
        await tell(works, *commands)
        await all_ended(works.pool, 40)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        assert len(crowd.paths) == 80
        assert crowd.most == {"/a": 1, "/b": 1, "/c": 1}
        await until(works.pool, TURNS, 0)
        await check_history(works)


async def test_turns_of_a_key_are_given_one_transaction_at_a_time(pool: Pool) -> None:
    """Whoever asks meanwhile waits, and then sees who was given the only turn."""
    flow, now = WorkflowId(uuid4()), datetime.now(UTC)
    first, second = [Asking(ExecutionId(uuid4()), flow, b"a", 1) for _ in range(2)]

    async def ask() -> list[ExecutionId]:
        async with pool.acquire() as conn, conn.transaction():
            return await ask_turn(conn, second, now)

    async with asyncio.TaskGroup() as group, pool.acquire() as conn, conn.transaction():
        assert await ask_turn(conn, first, now) == [first.execution_id]
        asking = group.create_task(ask())
        await until(pool, LOCKED_OUT, 1)
    assert asking.result() == []


async def test_the_maximum_is_used_and_kept(database: str) -> None:
    """As many as may run do; a workflow of another id has turns of its own; null needs none."""
    async with open_crowd() as crowd, open_works(database) as works:
        crowd.gate.clear()
        flow = await works.register(by_turns(crowd.step(), most=3))
        other = await works.register(by_turns(crowd.step()))
        await start(works, flow, 5, {"key": "a"})
        await start(works, other, 1, {"key": "a"})
        await waiting(works, 2)
        await eventually(lambda: crowd.here["/a"] == 4)
        free = {**by_turns(NOTE), "policy": {"concurrency_key": {"lang": "jsonata", "src": "null"}}}
        await start(works, await works.register(free), 3)
        await all_ended(works.pool, 3)
        crowd.gate.set()
        await all_ended(works.pool, 9)
        assert crowd.most["/a"] == 4


async def test_who_may_run_beside_more_overtakes_nobody(pool: Pool) -> None:
    """The maximum was raised: those that wait under the old one go first, as they came."""
    flow, now = WorkflowId(uuid4()), datetime.now(UTC)
    a, b, c, d = (Asking(ExecutionId(uuid4()), flow, b"a", most) for most in (1, 1, 5, 5))
    async with pool.acquire() as conn, conn.transaction():
        asked = [await ask_turn(conn, each, now) for each in (a, b, c, d)]
        assert asked == [[a.execution_id], [], [], []]
        assert await end_turn(conn, a.execution_id, now) == [b.execution_id]
        given = await end_turn(conn, b.execution_id, now)
        assert sorted(given) == sorted([c.execution_id, d.execution_id])


async def test_they_run_in_the_order_in_which_they_came(database: str) -> None:
    """Whoever came first runs first."""
    async with open_crowd() as crowd, open_works(database) as works:
        crowd.gate.clear()
        flow = await works.register(by_turns(crowd.step()))
        ids = await queued(works, flow, 6)
        crowd.gate.set()
        await all_ended(works.pool, 6)
        rows = await works.pool.fetch("SELECT id FROM executions ORDER BY finished_at")
        assert [row["id"] for row in rows] == ids


async def test_one_that_waits_can_be_cancelled_and_expires(database: str) -> None:
    """Nothing of it has run, and the others go on without it."""
    async with open_crowd() as crowd, open_works(database) as works:
        crowd.gate.clear()
        flow = await works.register(by_turns(crowd.step()))
        brief = by_turns(crowd.step(), expires_after_s=0.3)
        hasty = await works.register(brief, id=flow.id, version=2)
        first, second, third = await queued(works, flow, 3)
        await waiting(works, 2)
        assert (await statuses(works.pool))[second] == "WAITING"
        (late,) = await start(works, hasty, payload={"key": "a"})
        await cancel(works, second)
        await all_ended(works.pool, 2)
        found = await statuses(works.pool)
        assert (found[second], found[late]) == ("CANCELLED", "EXPIRED")
        crowd.gate.set()
        await all_ended(works.pool, 4)
        found = await statuses(works.pool)
        assert (found[first], found[third]) == ("COMPLETED", "COMPLETED")
        assert len(crowd.paths) == 2
        await until(works.pool, TURNS, 0)
        await check_history(works)


async def test_no_crash_gives_a_turn_away_or_loses_it(database: str) -> None:
    """Whoever had the turn has it again; those that waited are found, and run in their order."""
    async with open_crowd() as crowd:
        crowd.gate.clear()
        async with open_works(database) as works:
            flow = await works.register(by_turns(crowd.step()))
            ids = await queued(works, flow, 4)
            await waiting(works, 3)
            await eventually(lambda: len(crowd.paths) == 1)
            await works.crash()
        async with open_works(database) as works:
            await eventually(lambda: len(crowd.paths) == 2)
            crowd.gate.set()
            await all_ended(works.pool, 4)
            rows = await works.pool.fetch("SELECT id FROM executions ORDER BY finished_at")
            assert [row["id"] for row in rows] == ids
            assert crowd.most["/a"] <= 2  # the call that went down with its executor, again
            await until(works.pool, TURNS, 0)
            await check_history(works)


async def test_what_a_crash_left_is_passed_on(database: str) -> None:
    """A turn of an execution that has ended, and one of which nobody was told."""
    async with open_crowd() as crowd, open_works(database) as works:
        crowd.gate.clear()
        flow = await works.register(by_turns(crowd.step()))
        ids = await queued(works, flow, 2)
        (ended,) = await start(works, await works.register(workflow(NOTE)))
        await waiting(works, 1)
        await all_ended(works.pool, 1)
        long_ago = "granted_at = now() - interval '1 minute'"
        await works.pool.execute("UPDATE turns SET granted_at = granted_at - interval '1 minute'")
        assert await pass_stuck(works.platform) == 0
        await works.pool.execute(f"UPDATE turns SET {long_ago} WHERE execution_id = $1", ids[1])
        assert await pass_stuck(works.platform) == 1
        assert await pass_stuck(works.platform) == 0
        await waiting(works, 0)
        await works.pool.execute(
            "UPDATE turns SET execution_id = $1 WHERE execution_id = $2", ended, ids[0]
        )
        assert await pass_stuck(works.platform) == 1
        await until(works.pool, TURNS, 1)


async def test_a_turn_of_one_that_is_held_is_told_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot take in what it was told before there is room, and then sees it all the same."""
    room = 10
    monkeypatch.setattr(Shares, "room_of", lambda *_: room)
    async with open_crowd() as crowd, open_works(database) as works:
        crowd.gate.clear()
        ids = await queued(works, await works.register(by_turns(crowd.step())), 2)
        await waiting(works, 1)
        room = 0
        crowd.gate.set()
        await all_ended(works.pool, 1)
        await eventually(lambda: works.metric("turnout_executions_held") == 1)
        await works.pool.execute("UPDATE turns SET granted_at = now() - interval '1 minute'")
        assert await works.pool.fetchval(f"{TURNS} WHERE execution_id = $1", ids[1]) == 1
        assert await pass_stuck(works.platform) == 0
        room = 10
        await all_ended(works.pool, 2)
        await until(works.pool, TURNS, 0)
        await check_history(works)


async def test_a_turn_that_comes_while_the_step_parks_is_seen(
    database: str, monkeypatch: Any
) -> None:
    """Told before it waits, an execution would not hear it; it looks once it waits."""
    asked, may_go = asyncio.Event(), asyncio.Event()
    told = module.Turns.__call__

    async def slow(self: module.Turns, call: Any) -> Any:
        outcome = await told(self, call)
        if call.event.payload.get("slow"):
            asked.set()
            await may_go.wait()
        return outcome

    monkeypatch.setattr(module.Turns, "__call__", slow)
    async with open_crowd() as crowd, open_works(database) as works:
        crowd.gate.clear()
        flow = await works.register(by_turns(crowd.step()))
        await queued(works, flow, 1)
        await start(works, flow, payload={"key": "a", "slow": True})
        await asked.wait()
        crowd.gate.set()
        await all_ended(works.pool, 1)
        await until(works.pool, "SELECT count(*) FROM turns WHERE granted_at IS NOT NULL", 1)
        await until(works.pool, "SELECT count(*) FROM inbox", 0)
        may_go.set()
        await all_ended(works.pool, 2)
        await check_history(works)


async def test_who_asks_for_a_turn_waits_for_no_other_workflow(
    database: str, monkeypatch: Any
) -> None:
    """The same key in another workflow, maybe another environment's, is another key."""
    asked, may_go = asyncio.Event(), asyncio.Event()
    left: list[bool] = []
    async with open_works(database) as works:
        held, other = [await works.register(by_turns(NOTE)) for _ in range(2)]

        async def slow(conn: Any, asking: Any, now: Any) -> Any:
            try:
                if asking.workflow_id == held.id:
                    asked.set()
                    await may_go.wait()
                return await ask_turn(conn, asking, now)
            finally:
                left.append(asking.workflow_id == held.id)

        monkeypatch.setattr(module, "ask_turn", slow)
        await start(works, held, payload={"key": "a"})
        await asked.wait()
        await start(works, other, payload={"key": "a"})
        await eventually(lambda: bool(left))
        assert not left[0]
        may_go.set()
        await all_ended(works.pool, 2)
        await check_history(works)
