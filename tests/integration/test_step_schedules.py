"""Steps on schedules: set up once, done at each time, in executions of their own."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.bus.portions import BYTES_AT_ONCE
from shared.domain.ids import ExecutionId, due_id, schedule_id
from shared.domain.workflows import Lifecycle, Workflow
from tests.integration.test_schedules import EVENING, NIGHT, fire, house
from tests.support.gated import Receiver, open_receiver
from tests.support.virtual_clock import VirtualClock
from tests.support.works import (
    Works,
    cancel,
    check_history,
    open_works,
    start,
    statuses,
    transform,
    until,
    workflow,
)

TWO = {"kind": "cron", "value": "0 2 * * *"}
FIRST = datetime(2026, 11, 23, 2, tzinfo=UTC)
DONE = "SELECT count(*) FROM executions WHERE status = 'COMPLETED'"
SET = "SELECT count(*) FROM schedules"


def nightly(receiver: Receiver, **more: Any) -> dict[str, Any]:
    """A workflow with a step that is done every night, between two others."""
    asked = {
        "url": str(receiver.server.make_url("/")),
        "headers": {"X-Before": "{{steps.before.output}}"},
    }
    call = {"id": "call", "action": "http_request", "schedule": TWO}
    return workflow(
        transform("before", "payload.n"),
        {**call, "input": {"lang": "placeholder", "src": asked}, **more},
        transform("after", "steps.call.output.next_at"),
    )


async def told(works: Works, id_: ExecutionId) -> dict[str, Mapping[str, Any]]:
    """How each step of an execution ended: its attempt, status, output and handle."""
    rows = await works.pool.fetch(
        "SELECT step_id, attempt, status, input, output, handle FROM execution_log"
        " WHERE execution_id = $1 AND step_id IS NOT NULL ORDER BY position",
        id_,
    )
    texts = ("input", "output")
    read = [{**row, **{f: orjson.loads(row[f] or "null") for f in texts}} for row in rows]
    return {row["step_id"]: row for row in read}


async def set_up(works: Works, flow: Workflow) -> ExecutionId:
    """An execution of ``flow`` that has ended, and has set its schedule up."""
    id_ = (await start(works, flow, payload={"n": 7}))[0]
    await until(works.pool, DONE, 1)
    assert await works.pool.fetchval(SET) == 1
    return id_


async def again(works: Works, flow: Workflow, definition: dict[str, Any], **changes: Any) -> None:
    """Save ``flow`` again, in another version."""
    await works.register(definition, id=flow.id, **changes)


async def test_three_nights_are_three_calls(database: str) -> None:
    """The first execution goes on without the call; each night makes it once, and it alone."""
    clock = VirtualClock(EVENING)
    async with open_receiver() as receiver, house(database, clock) as works:
        id_ = await set_up(works, await works.register(nightly(receiver)))
        schedule, first = schedule_id(id_, "call"), await told(works, id_)
        next_at = "2026-11-23T02:00:00.000000Z"
        assert first["call"]["output"] == {"schedule_id": str(schedule), "next_at": next_at}
        assert (first["after"]["output"], receiver.keys) == (next_at, [])
        for night in range(3):
            clock.jump(FIRST + night * NIGHT)
            await until(works.pool, DONE, 2 + night)
            ticked = due_id(schedule, FIRST + night * NIGHT)
            steps = await told(works, ticked)
            shown = {key: (s["attempt"], s["status"]) for key, s in steps.items()}
            assert shown == {
                "before": (0, "COMPLETED"),
                "call": (1, "COMPLETED"),
                "after": (0, "SKIPPED"),
            }
            assert (steps["before"]["output"], steps["after"]["handle"]) == (7, "only")
            assert steps["call"]["input"]["headers"] == {"X-Before": "7"}
            assert receiver.keys[night:] == [f"{ticked}:call"]
        assert len(await statuses(works.pool)) == 4
        await check_history(works)


async def test_what_fails_one_night_is_done_the_next(database: str) -> None:
    """A night's failure is its own: the schedule goes on, and nothing of it stays."""
    clock = VirtualClock(EVENING)
    async with open_receiver() as receiver, house(database, clock) as works:
        await set_up(works, await works.register(nightly(receiver, retry={"max_attempts": 1})))
        receiver.status = 500
        clock.jump(FIRST)
        failed = "SELECT count(*) FROM executions WHERE status = 'FAILED'"
        await until(works.pool, failed, 1)
        receiver.status = 200
        clock.jump(FIRST + NIGHT)
        await until(works.pool, DONE, 2)


async def test_two_schedulers_start_a_step_once(database: str) -> None:
    """However many fire at a time, also again; missed nights are one; once is once."""
    clock = VirtualClock(EVENING)
    async with open_receiver() as receiver, open_works(database, clock=clock) as works:
        at = {"kind": "once", "value": "2026-11-23T02:00:00Z"}
        await set_up(works, await works.register(nightly(receiver)))
        once = await works.register(nightly(receiver, schedule=at))
        await start(works, once, payload={"n": 7})
        await until(works.pool, SET, 2)
        clock.jump(FIRST + 5 * NIGHT)
        assert sum(await asyncio.gather(*[fire(works) for _ in range(4)])) == 2
        await until(works.pool, DONE, 4)
        assert await works.pool.fetchval(SET) == 1
        await works.pool.execute("UPDATE schedules SET next_at = $1", FIRST + 5 * NIGHT)
        assert await fire(works) == 1
        await until(works.pool, "SELECT sum(consumed_offset) = 5 FROM partition_owners")
        assert (len(receiver.keys), len(await statuses(works.pool))) == (2, 4)


async def test_a_crash_before_the_commit_leaves_one_schedule(database: str) -> None:
    """Whoever takes over finds the schedule; a night that comes first is no other's."""
    clock = VirtualClock(EVENING)
    async with open_receiver() as receiver:
        async with open_works(database, clock=clock) as works:
            flow = await works.register(nightly(receiver))
            async with works.pool.acquire() as log:
                async with works.pool.acquire() as held, held.transaction():
                    await held.execute("LOCK TABLE schedules IN EXCLUSIVE MODE")
                    id_ = (await start(works, flow, payload={"n": 7}))[0]
                    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                    await until(works.pool, waits, 1)
                    lock = log.transaction()
                    await lock.start()
                    await log.execute("LOCK TABLE execution_log IN EXCLUSIVE MODE")
                await until(works.pool, SET, 1)
                await works.crash()
                await lock.rollback()
            clock.jump(FIRST)
            assert await fire(works) == 1
            assert "call" not in await told(works, id_)
        async with open_works(database, clock=clock) as works:
            await until(works.pool, DONE, 2)
            output = (await told(works, id_))["call"]["output"]
            assert output["schedule_id"] == str(schedule_id(id_, "call"))
            assert output["next_at"] == "2026-11-24T02:00:00.000000Z"
            assert await works.pool.fetchval(SET) == 1
            assert receiver.keys == [f"{due_id(schedule_id(id_, 'call'), FIRST)}:call"]
            await check_history(works)


async def test_a_schedule_rests_and_ends_with_its_workflow(database: str) -> None:
    """Inactive, it waits; active again, it makes up for what it missed, once; archived, it ends."""
    clock = VirtualClock(EVENING)
    async with open_receiver() as receiver, open_works(database, clock=clock) as works:
        definition = nightly(receiver)
        flow = await works.register(definition)
        await set_up(works, flow)
        await again(works, flow, definition, version=2, is_active=False)
        clock.jump(FIRST + NIGHT)
        assert (await fire(works), await works.pool.fetchval(SET)) == (0, 1)
        await again(works, flow, definition, version=2)
        assert (await fire(works), await fire(works)) == (1, 0)
        await until(works.pool, DONE, 2)
        versions = "SELECT count(*) FROM executions WHERE workflow_version = 1"
        assert await works.pool.fetchval(versions) == 2
        await again(
            works, flow, definition, version=3, lifecycle=Lifecycle.ARCHIVED, is_active=False
        )
        assert await works.pool.fetchval(SET) == 0


async def test_a_step_that_is_reached_late_finds_its_workflow_as_it_is(database: str) -> None:
    """Of an inactive workflow the schedule rests; of an archived one there is none."""
    clock = VirtualClock(EVENING)
    async with open_receiver() as receiver, open_works(database, clock=clock) as works:
        definition = nightly(receiver)
        flow = await works.register(definition, is_active=False)
        await set_up(works, flow)
        assert await works.pool.fetchval(f"{SET} WHERE is_resting") == 1
        await again(
            works, flow, definition, version=2, lifecycle=Lifecycle.ARCHIVED, is_active=False
        )
        id_ = (await start(works, flow, payload={"n": 7}))[0]
        await until(works.pool, DONE, 2)
        assert (await told(works, id_))["call"]["output"]["next_at"] is None
        assert await works.pool.fetchval(SET) == 0


async def test_a_cancelled_execution_takes_its_schedule_along(database: str) -> None:
    """One that was under way after the step starts nothing more once it is cancelled."""
    clock = VirtualClock(EVENING)
    async with open_receiver() as receiver, open_works(database, clock=clock) as works:
        definition = nightly(receiver)
        definition["steps"][2] = {"id": "ask", "kind": "approval"}
        id_ = (await start(works, await works.register(definition), payload={"n": 7}))[0]
        await until(works.pool, "SELECT count(*) FROM waits", 1)
        await cancel(works, id_)
        cancelled = "SELECT count(*) FROM executions WHERE status = 'CANCELLED'"
        await until(works.pool, cancelled, 1)
        clock.jump(FIRST)
        assert await fire(works) == 1
        assert await works.pool.fetchval(SET) == 0
        assert await statuses(works.pool) == {id_: "CANCELLED"}


async def test_a_branch_that_failed_leads_to_a_step_every_night(database: str) -> None:
    """What led to the step is taken over, however it ended; what runs beside it is left out."""
    clock = VirtualClock(EVENING)
    async with open_receiver() as receiver, house(database, clock) as works:
        url = str(receiver.server.make_url("/"))
        broken = transform("broken", "$error('no')") | {
            "on_failure": "branch",
            "retry": {"max_attempts": 1},
        }
        call = {"id": "call", "action": "http_request", "input": {"src": {"url": url}}}
        definition = workflow(broken, call | {"schedule": TWO}, transform("beside", "1"))
        definition["edges"] = [{"from": "broken", "to": "call", "handle": "error"}]
        id_ = await set_up(works, await works.register(definition))
        clock.jump(FIRST)
        await until(works.pool, DONE, 2)
        steps = await told(works, due_id(schedule_id(id_, "call"), FIRST))
        assert {key: s["status"] for key, s in steps.items()} == {
            "broken": "FAILED",
            "call": "COMPLETED",
            "beside": "SKIPPED",
        }


async def test_a_night_of_large_events_is_told_in_portions(database: str) -> None:
    """What is published at once has a bound, and each schedule starts with its own event."""
    clock = VirtualClock(EVENING)
    async with open_receiver() as receiver, open_works(database, clock=clock) as works:
        flow, text = await works.register(nightly(receiver)), "x" * 250_000
        for n in range(20):
            await start(works, flow, payload={"n": n, "text": text})
        await until(works.pool, SET, 20)
        clock.jump(FIRST)
        assert await fire(works) == 20
        await until(works.pool, DONE, 40)
        rows = await works.pool.fetch(
            "SELECT r.xmin::text AS at_once, value FROM bus_records AS r JOIN bus_topics"
            " USING (topic_id) WHERE name = $1",
            works.platform.topics.commands,
        )
        at_once = Counter[str]()
        for row in rows:
            if b"/turnout/scheduler" in row["value"]:
                at_once[row["at_once"]] += len(row["value"])
        assert at_once.total() > 20 * len(text)
        assert max(at_once.values()) <= BYTES_AT_ONCE
        told = await works.pool.fetch(
            "SELECT output FROM execution_log WHERE step_id = 'before' AND output IS NOT NULL"
        )
        assert Counter(row["output"] for row in told) == {str(n): 2 for n in range(20)}


async def test_a_night_has_a_turn_of_its_own_and_calls_workflows(database: str) -> None:
    """Of the steps that Turnout adds the turn is taken, and the result left out."""
    clock = VirtualClock(EVENING)
    async with house(database, clock) as works:
        called = await works.register(workflow(transform("say", "payload + 1")))
        block = {"subworkflow": {"workflow_id": str(called.id)}}
        call = {"id": "call", "kind": "subworkflow", **block, "input": {"src": 7}}
        definition = {
            **workflow(call | {"schedule": TWO}),
            "policy": {"concurrency_key": {"src": "one"}},
            "result": {"src": "first"},
        }
        id_ = await set_up(works, await works.register(definition))
        clock.jump(FIRST)
        await until(works.pool, DONE, 3)
        steps = await told(works, due_id(schedule_id(id_, "call"), FIRST))
        assert {key: (s["attempt"], s["status"]) for key, s in steps.items()} == {
            "$turn": (1, "COMPLETED"),
            "call": (1, "COMPLETED"),
            "$result": (0, "SKIPPED"),
        }
        assert steps["call"]["output"]["result"] == 8
