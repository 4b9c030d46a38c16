"""Steps side by side: each outcome is kept once, and no end leaves another step behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from tests.support.eventually import eventually
from tests.support.gated import Receiver, open_receiver
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel,
    check_history,
    open_works,
    published,
    start,
    statuses,
    transform,
    until,
    workflow,
)

WRITES_WAIT = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
PAUSED = "SELECT count(*) FROM execution_log WHERE step_id = 'pause' AND status = 'WAITING'"


def side_by_side(*steps: dict[str, Any], **policy: Any) -> dict[str, Any]:
    """A workflow whose steps all begin at once, and one that joins them."""
    join = {**NOTE, "id": "join", "depends_on": [step["id"] for step in steps]}
    return {**workflow(*steps, join), "policy": policy}


async def outcomes(works: Works) -> dict[str, int]:
    """How many log entries there are of each step and status."""
    rows = await works.pool.fetch(
        "SELECT step_id || ' ' || status AS what, count(*) FROM execution_log"
        " WHERE step_id IS NOT NULL GROUP BY 1"
    )
    return {row["what"]: row["count"] for row in rows}


@asynccontextmanager
async def held_commits(works: Works) -> AsyncIterator[None]:
    """Meanwhile nothing that the executor writes of its executions becomes durable.

    Only their partitions are held: a writer of others may leave its cursors as it likes.
    """
    async with works.pool.acquire() as conn, conn.transaction():
        await conn.execute(
            "SELECT FROM partition_owners"
            " WHERE partition IN (SELECT partition FROM executions) FOR UPDATE"
        )
        yield


async def answer(receiver: Receiver) -> None:
    """Let a receiver answer its one call, and the answer be read."""
    receiver.gate.set()
    await eventually(lambda: receiver.answered == 1)
    await asyncio.sleep(0.05)


async def eventually_published(works: Works, count: int) -> None:
    """Return when ``count`` results and phases are published."""
    async with asyncio.timeout(60):
        while len(await published(works)) < count:
            await asyncio.sleep(0.05)


async def test_steps_that_end_together_are_all_kept(database: str) -> None:
    """Whether they end at once or while another's outcome is being written."""
    async with open_receiver() as receiver, open_works(database) as works:
        quick = [transform(f"t{n}", "1") for n in range(3)]
        calls = [receiver.step() | {"id": f"c{n}"} for n in range(4)]
        flow = await works.register(side_by_side(*quick, *calls))
        await start(works, flow, 60)
        await all_ended(works.pool, 60)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        ids = ["t0", "t1", "t2", "c0", "c1", "c2", "c3", "join"]
        assert await outcomes(works) == {f"{id_} COMPLETED": 60 for id_ in ids}
        await check_history(works)
        first = len(await published(works))
        await works.crash()
        await works.pool.execute("UPDATE partition_owners SET emitted_seq = 0")
    async with open_works(database) as works:  # and all is published again, byte for byte
        await eventually_published(works, 2 * first)
        await check_history(works)


async def test_an_end_breaks_off_what_is_under_way(database: str) -> None:
    """A step's failure, a terminate, a cancellation and an expiry all end an execution at once."""
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        hangs = [receiver.step() | {"id": f"c{n}"} for n in range(3)]
        ends: dict[str, list[dict[str, Any]]] = {
            "fails": [transform("end", "$error('no')") | {"retry": {"max_attempts": 1}}],
            "stops": [{"id": "end", "kind": "terminate"}],
            "is cancelled": [],
            "expires": [],
        }
        ids = {}
        for name, steps in ends.items():
            policy = {"expires_after_s": 0.7} if name == "expires" else {}
            flow = await works.register(side_by_side(*hangs, *steps, **policy))
            [ids[name]] = await start(works, flow)
        cancelled = str(ids["is cancelled"])
        await eventually(lambda: sum(key.startswith(cancelled) for key in receiver.keys) == 3)
        await cancel(works, ids["is cancelled"])
        await all_ended(works.pool, 4)
        found = await statuses(works.pool)
        assert [found[ids[name]] for name in ends] == [
            "FAILED",
            "COMPLETED",
            "CANCELLED",
            "EXPIRED",
        ]
        assert {f"c{n} CANCELLED" for n in range(3)} <= set(await outcomes(works))
        assert not [k for k in await outcomes(works) if k.startswith("join C")]
        await eventually(lambda: works.metric("turnout_executions_active") == 0)
        await check_history(works)


async def test_an_end_meets_steps_that_end_in_the_same_moment(database: str) -> None:
    """A failure, and a cancellation, right as the others end: one end each, no outcome twice."""
    async with open_receiver() as receiver, open_works(database) as works:
        failing = receiver.step() | {"id": "bad", "retry": {"max_attempts": 1}}
        calls = [receiver.step() | {"id": f"c{n}"} for n in range(6)]
        flow = await works.register(side_by_side(*calls, failing))
        receiver.gate.clear()
        ids = await start(works, flow, 8)
        await eventually(lambda: len(receiver.keys) == 7 * 8)
        receiver.gate.set()
        await cancel(works, *ids)
        await all_ended(works.pool, 8)
        receiver.plan = [web.Response(status=400) for _ in range(40)]
        await start(works, flow, 8)
        await all_ended(works.pool, 16)
        await check_history(works)


@pytest.mark.parametrize("first", [200, 400])
async def test_a_step_ends_while_the_end_of_another_is_written(database: str, first: int) -> None:
    """Its own outcome is taken next, or, where the execution failed with the other, dropped."""
    async with open_receiver() as one, open_receiver() as two, open_works(database) as works:
        two.gate.clear()
        one.gate.clear()
        steps = [one.step(retry={"max_attempts": 1}), two.step() | {"id": "other"}]
        await start(works, await works.register(side_by_side(*steps)))
        await eventually(lambda: len(one.keys) == len(two.keys) == 1)
        async with held_commits(works):
            one.status = first
            one.gate.set()
            await until(works.pool, WRITES_WAIT, 1)
            await answer(two)
        await all_ended(works.pool, 1)
        ended = {200: ["COMPLETED"], 400: ["FAILED"]}
        assert [*(await statuses(works.pool)).values()] == ended[first]
        await check_history(works)


async def test_what_was_broken_off_counts_no_more(database: str) -> None:
    """An item broken off with its iterator has no second end, though it lingers at the next."""
    once: dict[str, Any] = {"retry": {"max_attempts": 1}}
    async with AsyncExitStack() as stack:
        first, item, hangs, last = [
            await stack.enter_async_context(open_receiver()) for _ in range(4)
        ]
        works = await stack.enter_async_context(open_works(database))
        for receiver in (first, item, hangs, last):
            receiver.gate.clear()
        item.status = last.status = 400
        urls = [str(receiver.server.make_url("/")) for receiver in (item, hangs)]
        source = {"lang": "jsonata", "src": "{'url': item}"}
        body = {"action": "http_request", "input": source, **once}
        block = {"items": {"src": urls}, "body": body, "concurrency": 2}
        each = {"id": "each", "kind": "iterator", "iterator": block, "on_failure": "continue"}
        steps = [first.step() | {"id": "first"}, each, last.step(**once) | {"id": "last"}]
        await start(works, await works.register(side_by_side(*steps)))
        await eventually(lambda: all(r.keys for r in (first, item, hangs, last)))
        async with held_commits(works):
            first.gate.set()
            await until(works.pool, WRITES_WAIT, 1)
            await answer(item)
            await answer(last)
        await all_ended(works.pool, 1)
        assert (await outcomes(works))["each[1] CANCELLED"] == 1
        await check_history(works)


async def test_a_second_attempt_under_way_survives_a_crash(database: str) -> None:
    """Though no other step is left that could begin, and the execution never left memory."""
    soon = {"max_attempts": 2, "initial_interval_s": 0.1, "jitter": 0.0}
    async with open_receiver() as receiver, open_receiver() as other:
        receiver.plan = [web.Response(status=503)]
        receiver.gate.clear()
        other.gate.clear()
        async with open_works(database) as works:
            steps = [receiver.step(retry=soon), other.step() | {"id": "other"}]
            await start(works, await works.register(side_by_side(*steps)))
            await eventually(lambda: len(receiver.keys) == 2)
            other.gate.set()
            await until(works.pool, "SELECT count(*) FROM execution_log WHERE step_id = 'other'", 1)
            await works.crash()
        receiver.gate.set()
        async with open_works(database) as works:
            await all_ended(works.pool, 1)
            assert len(receiver.keys) == 3
            assert len(set(receiver.keys)) == 1
            await check_history(works)


async def test_a_stop_lets_all_steps_under_way_end(database: str) -> None:
    """Nothing runs twice, whether its execution is under way, parked, or both."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        pause = {"id": "pause", "kind": "sleep", "sleep": {"duration_s": 1.0}}
        async with open_works(database) as works:
            both = [receiver.step() | {"id": f"c{n}"} for n in range(3)]
            await start(works, await works.register(side_by_side(*both, pause)), 4)
            await start(works, await works.register(side_by_side(pause)), 4)
            await eventually(lambda: len(receiver.keys) == 12)
            await until(works.pool, PAUSED, 8)
            works.stop.set()
            receiver.gate.set()
        async with open_works(database) as works:
            await all_ended(works.pool, 8)
            assert len(receiver.keys) == len(set(receiver.keys))
            await check_history(works)
