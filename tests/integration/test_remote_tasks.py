"""Actions that workers do over the bus."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.db.actions import put_action
from shared.domain.actions import ActionSpec, Transport
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.served import open_api
from tests.support.tasks import (
    SHIP,
    SOON,
    Task,
    attempts,
    known,
    last,
    letters,
    publish,
    result,
    say,
    task_of,
    worker,
)
from tests.support.virtual_clock import VirtualClock
from tests.support.works import (
    NOTE,
    all_ended,
    check_history,
    open_works,
    start,
    transform,
    until,
    workflow,
)


async def test_a_worker_is_given_the_task_and_its_answer_is_the_output(database: str) -> None:
    """From the registration over HTTP to the step that uses what the worker gave."""
    async with open_works(database) as works:

        async def answer(task: Task) -> None:
            await say(works, task, "completed", output={"parcel": 7})

        async with open_api(works) as client:
            given = await client.put("/v1/actions/ship", json={"transport": "worker"})
            assert given.status == 201
        async with worker(works, answer) as read:
            flow = workflow(
                {**SHIP, "heartbeat_s": 5.0}, transform("n", "steps.ship.output.parcel")
            )
            [id_] = await start(works, await works.register(flow))
            await all_ended(works.pool, 1)
        [task] = read
        assert task["task_id"] == f"{id_}:ship:1"
        assert (task["action"], task["input"], task["heartbeat_s"]) == ("ship", {"to": "Oslo"}, 5.0)
        assert (await attempts(works), await attempts(works, "n")) == (
            [(1, "COMPLETED")],
            [(1, "COMPLETED")],
        )
        output = "SELECT output::text FROM execution_log WHERE step_id = 'n'"
        assert await works.pool.fetchval(output) == "7"
        await check_history(works)


async def test_the_executor_makes_a_topic_that_is_not_there(database: str) -> None:
    """The first task of an action whose topic nobody made makes it, and nothing is lost."""
    async with open_works(database) as works:
        async with works.pool.acquire() as conn, conn.transaction():
            spec = ActionSpec(transport=Transport.WORKER)
            await put_action(conn, DEFAULT_ENVIRONMENT, "pack it", spec, datetime.now(UTC))
        flow = await works.register(workflow({**SHIP, "action": "pack it"}))
        await start(works, flow, 5)
        bus, topics = works.platform.bus, works.platform.topics
        tasks = (
            "SELECT count(*) FROM bus_records JOIN bus_topics USING (topic_id)"
            " WHERE name = 'turnout.tasks.pack-it'"
        )
        await until(works.pool, tasks, 5)
        assert await bus.partitions(topics.tasks("pack it")) == await bus.partitions(
            topics.commands
        )


@pytest.mark.parametrize(
    ("error", "more", "expected"),
    [
        ({"message": "no van"}, {}, [(1, "RETRYING"), (2, "COMPLETED")]),
        ({"message": "no such city", "retryable": False}, {}, [(1, "FAILED")]),
        ({"kind": "refused"}, {"non_retryable": ["refused"]}, [(1, "FAILED")]),
        ({}, {"max_attempts": 1}, [(1, "FAILED")]),
    ],
)
async def test_a_failure_is_retried_as_the_step_says(
    database: str, error: dict[str, Any], more: dict[str, Any], expected: list[tuple[int, str]]
) -> None:
    """The worker says whether another attempt is worth it, the step's policy decides."""
    async with open_works(database) as works:
        await known(works)

        async def answer(task: Task) -> None:
            if task["attempt"] == 1:
                await say(works, task, "failed", error=error)
            else:
                await say(works, task, "completed")

        async with worker(works, answer):
            step = {**SHIP, "retry": {**SOON, **more}}
            await start(works, await works.register(workflow(step)))
            await all_ended(works.pool, 1)
        assert await attempts(works) == expected


@pytest.mark.parametrize("is_loaded", [True, False], ids=["in memory", "parked"])
async def test_heartbeats_keep_a_long_task_alive(database: str, *, is_loaded: bool) -> None:
    """A task that takes five silences goes on, whether or not its execution is in memory."""
    clock = VirtualClock(datetime.now(UTC))
    async with open_receiver() as receiver, open_works(database, clock=clock) as works:
        await known(works)
        receiver.gate.clear()

        async def answer(task: Task) -> None:
            for n in range(8):
                clock.jump(clock.now() + timedelta(seconds=0.7))
                await say(works, task, "heartbeat", progress={"n": n})
                await until(works.pool, f"SELECT progress->>'n' = '{n}' FROM waits")
            active = "turnout_executions_active"
            await eventually(lambda: works.metric(active) == int(is_loaded))
            receiver.gate.set()
            await say(works, task, "completed")

        ship = {**SHIP, "heartbeat_s": 1.0}
        steps = [ship, receiver.step(), {**NOTE, "depends_on": ["ship", "call"]}]
        async with worker(works, answer):
            await start(works, await works.register(workflow(*(steps if is_loaded else [ship]))))
            await all_ended(works.pool, 1)
        assert await attempts(works) == [(1, "COMPLETED")]
        await check_history(works)


async def test_a_silent_worker_is_given_up_and_its_late_answer_changes_nothing(
    database: str,
) -> None:
    """After heartbeat_s of silence the step is tried again; only that attempt's answer counts."""
    clock = VirtualClock(datetime.now(UTC))
    async with open_works(database, clock=clock) as works:
        await known(works)

        async def answer(task: Task) -> None:
            if task["attempt"] == 2:
                first = {"task_id": task["task_id"].removesuffix("2") + "1"}
                await say(works, first, "heartbeat", progress={"n": 1})
                await say(works, first, "completed", output="late")
                await say(works, task, "completed", output="in time")

        async with worker(works, answer):
            await start(works, await works.register(workflow({**SHIP, "heartbeat_s": 1.0})))
            await task_of(works)
            clock.jump(clock.now() + timedelta(seconds=1.5))
            retrying = "SELECT count(*) FROM execution_log WHERE status = 'RETRYING'"
            await until(works.pool, retrying, 1)
            clock.jump(clock.now() + timedelta(seconds=0.5))
            await all_ended(works.pool, 1)
        assert await attempts(works) == [(1, "RETRYING"), (2, "COMPLETED")]
        assert await last(works, "output") == "in time"
        await until(works.pool, "SELECT count(*) FROM inbox", 0)


async def test_an_answer_given_several_times_counts_once(database: str) -> None:
    """Also when others follow that say something else, and after the end."""
    async with open_works(database) as works:
        await known(works)

        async def answer(task: Task) -> None:
            for output in (1, 1, 2):
                await say(works, task, "completed", output=output)
            await say(works, task, "failed", error={"message": "no"})

        async with worker(works, answer) as read:
            await start(works, await works.register(workflow(SHIP, NOTE)), 5)
            await all_ended(works.pool, 5)
            await say(works, read[0], "completed", output=3)
        assert await attempts(works) == [(1, "COMPLETED")] * 5
        outputs = "SELECT count(*) FROM execution_log WHERE step_id = 'ship' AND output::text = '1'"
        assert await works.pool.fetchval(outputs) == 5
        await until(works.pool, "SELECT count(*) FROM inbox", 0)
        await check_history(works)


LETTERS = (
    "SELECT count(*) FROM bus_records JOIN bus_topics USING (topic_id)"
    " WHERE name = 'turnout.dead-letters'"
)
DEEP: Any = []
for _ in range(80):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ({"parcel": "seven"}, "unfit"),
        (None, "unfit"),
        ({"parcel": 1, "text": "a\0b"}, "unfit"),
        ({"parcel": 1, "deep": DEEP}, "unfit"),
        ({"parcel": 1, "text": "x" * 600_000}, "too_large"),
    ],
    ids=["wrong type", "nothing", "NUL", "deep", "large"],
)
async def test_a_bad_output_fails_the_attempt(database: str, output: Any, kind: str) -> None:
    """What does not fit the output_schema, or cannot be kept, is a failure with a reason."""
    schema = {"type": "object", "properties": {"parcel": {"type": "integer"}}}
    async with open_works(database) as works:
        await known(works, output_schema=schema)

        async def answer(task: Task) -> None:
            await say(works, task, "completed", output=output)

        async with worker(works, answer):
            await start(works, await works.register(workflow(SHIP)))
            await all_ended(works.pool, 1)
        assert (await last(works))["kind"] == kind
        assert await attempts(works) == [(1, "FAILED")]


async def test_what_is_no_answer_becomes_a_dead_letter(database: str) -> None:
    """With the place of the fault; the answers around it are heard."""
    async with open_works(database) as works:
        await known(works)
        await start(works, await works.register(workflow(SHIP)))
        task_id = (await task_of(works))["task_id"]
        bad = {
            b"": "",
            b"\xff{": "",
            b'{"type": "turnout.task-result", "data": NaN}': "",
            result(task_id, "done"): "/data/status",
            result(task_id + "x", "completed"): "/data/task_id",
            result("a:b:1", "completed"): "/data/task_id",
            result(task_id.removesuffix("1") + "01", "completed"): "/data/task_id",
            result(task_id, "heartbeat", progress=[1]): "/data/progress",
            result(task_id, "heartbeat", progress={"text": "x" * 100_000}): "/data/progress",
            result(task_id, "failed", error={"message": 1}): "/data/error/message",
        }
        await publish(works, *bad, result(task_id, "completed", output=1))
        await all_ended(works.pool, 1)
        await until(works.pool, LETTERS, len(bad))
        found = await letters(works)
        assert sorted(letter["pointer"] for letter in found) == sorted(bad.values())
        assert {letter["reason"] for letter in found} == {"UNREADABLE_TASK_RESULT"}
        assert await attempts(works) == [(1, "COMPLETED")]


async def test_answers_wait_while_nobody_runs(database: str) -> None:
    """What a worker said while every executor was away is heard when one is back."""
    async with open_works(database) as works:
        await known(works)
        await start(works, await works.register(workflow({**SHIP, "heartbeat_s": 60.0})))
        task = await task_of(works)
        await works.crash()
        await say(works, task, "completed", output=1)
    async with open_works(database) as works:
        await all_ended(works.pool, 1)
        assert await attempts(works) == [(1, "COMPLETED")]
