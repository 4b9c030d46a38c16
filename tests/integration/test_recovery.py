"""What an executor finds again: after a crash, a replay, a stop or a sleep."""

import asyncio
from typing import Any

from aiohttp import web

from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import (
    NOTE,
    all_ended,
    cancel,
    cancel_command,
    caught_up,
    check_history,
    check_published,
    open_works,
    published,
    start,
    start_command,
    start_in,
    statuses,
    tell,
    transform,
    until,
    workflow,
)

CONSUMED = (
    "SELECT bool_and(o.consumed_offset = p.next_offset) FROM partition_owners AS o"
    " JOIN bus_partitions AS p USING (partition) JOIN bus_topics AS t USING (topic_id)"
    " WHERE t.name = 'turnout.commands'"
)


KEPT = """
    INSERT INTO inbox (execution_id, command_offset, partition, command)
    SELECT id, command_offset + 1, partition, $2 FROM executions WHERE id = $1
"""

ATTEMPTS = "SELECT array_agg(attempt ORDER BY seq) FROM execution_log WHERE attempt IS NOT NULL"

# Those of which one is awake again by now, too.
ASLEEP = "SELECT count(*) FROM execution_log WHERE status = 'RETRYING'"


# --- commands that come again


async def test_a_start_given_twice_does_not_make_a_crash_forget_it(database: str) -> None:
    """The repeat of a start, read before the first is durable, moves no cursor past it."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        async with open_works(database, fetch_max=1) as works:
            flow = await works.register(workflow(receiver.step()))
            commands = [start_command(flow) for _ in range(10)]
            await tell(works, *[c for command in commands for c in (command,) * 3])
            await eventually(lambda: len(receiver.keys) == 10)
            await until(works.pool, CONSUMED)
            await works.crash()
        receiver.gate.set()
        async with open_works(database) as works:
            await all_ended(works.pool, 10)
            assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
            assert len(set(receiver.keys)) == 10
            await caught_up(works)
            await check_history(works)


async def test_a_replay_of_all_commands_starts_nothing_twice(database: str) -> None:
    """With the stored offset back at 0, nothing runs, is written, or is published again."""
    async with open_receiver() as receiver:
        async with open_works(database) as works:
            flow = await works.register(workflow(receiver.step(), NOTE))
            ids = await start(works, flow, 20)
            await all_ended(works.pool, 20)
            await cancel(works, *ids[:5])
            await caught_up(works)
            heard = len(await published(works))
            await works.crash()  # whoever runs would move the offset on
            await works.pool.execute("UPDATE partition_owners SET consumed_offset = 0")
        async with open_works(database) as works:
            again = "turnout_start_commands_repeated_total"
            await eventually(lambda: works.metric(again) == 20)
            await until(works.pool, CONSUMED)
            await until(works.pool, "SELECT count(*) FROM timers", 0)
            assert len(receiver.keys) == 20
            assert len(await published(works)) == heard
            await check_history(works)


async def test_what_may_not_be_published_is_published_again_as_it_was(database: str) -> None:
    """With the cursor back before the first entry, every record comes again with its bytes."""
    odd = transform("odd", "{'f': 0.1 + 0.2, 'z': -0, 'e': 1e300, 't': $now(), 'u': 'é\U0001f600'}")
    async with open_receiver() as receiver:
        receiver.plan = [web.Response(status=503), web.Response(status=404, text="no\0pe")]
        soon = {"max_attempts": 2, "initial_interval_s": 0.05}
        async with open_works(database) as works:
            steps = (odd, receiver.step(retry=soon, on_failure="continue"), NOTE)
            await start(works, await works.register(workflow(*steps)), 10)
            await all_ended(works.pool, 10)
            await caught_up(works)
            first = await published(works)
            await works.crash()  # whoever runs would move the cursor on
            await works.pool.execute("UPDATE partition_owners SET emitted_seq = 0")
        async with open_works(database) as works:
            await caught_up(works)
            both = await published(works)
            assert len(both) == 2 * len(first)
            assert check_published(both) == check_published(first)
            await check_history(works)


async def test_what_came_too_late_is_kept_no_longer(database: str) -> None:
    """An execution ends, and a crash comes before what it was told meanwhile is dropped."""
    async with open_works(database) as works:
        ids = await start(works, await works.register(workflow(NOTE)), 3)
        await all_ended(works.pool, 3)
        await caught_up(works)
        await works.crash()
        await works.pool.executemany(KEPT, [(id_, cancel_command(id_).decode()) for id_ in ids])
    async with open_works(database) as works:
        await until(works.pool, "SELECT count(*) FROM inbox", 0)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}


async def test_attempts_before_a_crash_count(database: str) -> None:
    """Whoever goes on gives a step what is left of its attempts, and tells their numbers on."""
    async with open_receiver() as receiver:
        receiver.plan = [web.Response(status=503) for _ in range(9)]
        soon = {"max_attempts": 3, "initial_interval_s": 0.3, "jitter": 0.0}
        async with open_works(database) as works:
            await start(works, await works.register(workflow(receiver.step(retry=soon))))
            await until(works.pool, ASLEEP, 1)
            await works.crash()
        async with open_works(database) as works:
            await until(works.pool, ASLEEP, 2)
            await works.crash()
        async with open_works(database) as works:
            await all_ended(works.pool, 1)
            assert await works.pool.fetchval(ATTEMPTS) == [1, 2, 3]
            assert set((await statuses(works.pool)).values()) == {"FAILED"}
            assert len(set(receiver.keys)) == 1
            await check_history(works)


# --- stopping


async def test_a_stop_lets_steps_end_and_repeats_none(database: str) -> None:
    """What ends within the grace is on record; the cursors are exact; the rest goes on later."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        async with open_works(database, drain_s=10) as works:
            flow = await works.register(workflow(receiver.step(), {**receiver.step(), "id": "b"}))
            await start(works, flow, 10)
            await eventually(lambda: len(receiver.keys) == 10)
            asyncio.get_running_loop().call_later(0.3, receiver.gate.set)
        async with open_works(database) as works:
            await all_ended(works.pool, 10)
            assert len(receiver.keys) == len(set(receiver.keys)) == 20
            await caught_up(works)
            assert len(await published(works)) == len({r["id"] for r in await published(works)})
            await check_history(works)


async def test_steps_given_up_on_leave_their_room_behind(database: str) -> None:
    """A partition that moves away while its step hangs frees that step's place for others."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        given: dict[str, Any] = {"partitions": 2, "active_max": 2, "drain_s": 0.1}
        async with open_works(database, **given) as works:
            slow = await works.register(workflow(receiver.step()))
            quick = await works.register(workflow(NOTE))
            for partition in (0, 1):
                await start_in(works, slow, partition)
            await eventually(lambda: len(receiver.keys) == 2)
            async with open_works(database, **given, member="two") as other:
                await until(works.pool, "SELECT count(DISTINCT owner) FROM partition_owners", 2)
                for partition in (0, 1):
                    await start_in(works, quick, partition)
                await all_ended(works.pool, 2)
                receiver.gate.set()
                await all_ended(works.pool, 4)
                active = "turnout_executions_active"
                await eventually(lambda: works.metric(active) == other.metric(active) == 0)


# --- timers


SLEEPERS = """
WITH id AS (
    SELECT gen_random_uuid() AS id, n, now() + interval '1.5 s' AS due
    FROM generate_series(1, $1) AS n
),
gone AS (
    INSERT INTO executions (id, partition, command_offset, environment_id, workflow_id,
        workflow_version, event_key, created_at, status, updated_at, steps_settled)
    SELECT id.id, 0, -n, e.environment_id, e.workflow_id, 1, e.event_key, e.created_at,
        'RETRYING', e.created_at, 0
    FROM id CROSS JOIN (SELECT * FROM executions LIMIT 1) AS e
),
logged AS (
    INSERT INTO execution_log (partition, seq, execution_id, position, phases, input, step_id,
        attempt, status, started_at, ended_at, wake_at)
    SELECT 0, 1000 + 2 * n + p, id, p, CASE p WHEN 1 THEN '{created,started}'::text[] ELSE '{}' END,
        CASE p WHEN 1 THEN (SELECT input FROM execution_log WHERE position = 1 LIMIT 1) END,
        CASE p WHEN 2 THEN 'note' END, CASE p WHEN 2 THEN 1 END, CASE p WHEN 2 THEN 'RETRYING' END,
        now(), now(), CASE p WHEN 2 THEN due END
    FROM id CROSS JOIN (VALUES (1), (2)) AS v (p)
),
moved AS (UPDATE partition_owners SET written_seq = 10000, emitted_seq = 10000 WHERE partition = 0)
INSERT INTO timers SELECT id, 0, due FROM id
"""


async def test_many_timers_due_at_once_ring_in_time_and_in_turn(database: str) -> None:
    """2,000 executions due at the same instant all wake, none early, few at a time."""
    most = 0
    async with open_works(database) as works:
        flow = await works.register(workflow(NOTE))
        await start_in(works, flow, 0)
        await all_ended(works.pool, 1)
        await caught_up(works)
    async with open_works(database, active_max=100, alarm_horizon_s=0.5) as works:
        await works.crash()
        await works.pool.execute(SLEEPERS, 2_000)
    async with open_works(database, active_max=100, alarm_horizon_s=0.5) as works:

        def seen() -> bool:
            nonlocal most
            most = max(most, int(works.metric("turnout_executions_active")))
            return works.metric("turnout_log_entries_published_total") == 2_000

        await eventually(seen)
        assert most <= 100
        early = (
            "SELECT count(*) FROM execution_log AS a JOIN execution_log AS b USING (execution_id)"
            " WHERE a.position = 2 AND b.position = 3 AND b.started_at < a.wake_at"
        )
        assert await works.pool.fetchval(early) == 0
        await until(works.pool, "SELECT count(*) FROM timers", 0)


async def test_timers_find_no_more_room_than_there_is(database: str) -> None:
    """Executions that wake while others take all room wait on; each gets its turn."""
    async with open_receiver() as receiver, open_works(database, active_max=3) as works:
        receiver.plan = [web.Response(status=503) for _ in range(12)]
        receiver.gate.clear()
        soon = {"max_attempts": 2, "initial_interval_s": 0.3, "jitter": 0.0}
        await start(works, await works.register(workflow(receiver.step(retry=soon))), 12)
        await until(works.pool, "SELECT count(*) FROM execution_log WHERE step_id = 'call'", 12)
        await eventually(lambda: len(receiver.keys) >= 15)
        await until(works.pool, "SELECT max(due_at) < now() - interval '0.5 s' FROM timers")
        assert works.metric("turnout_executions_active") == 3
        assert len(receiver.keys) == 15
        receiver.gate.set()
        await all_ended(works.pool, 12)
        await caught_up(works)
        await check_history(works)


async def test_a_timer_due_while_nobody_ran_rings_at_once(database: str) -> None:
    """So does one beyond the horizon, in its time; one of an ended execution is dropped."""
    async with open_receiver() as receiver:
        receiver.plan = [web.Response(status=503) for _ in range(3)]
        soon = {"max_attempts": 2, "initial_interval_s": 0.6, "jitter": 0.0}
        async with open_works(database) as works:
            [ended] = await start(works, await works.register(workflow(NOTE)))
            await start(works, await works.register(workflow(receiver.step(retry=soon))), 3)
            await all_ended(works.pool, 1)
            await until(works.pool, ASLEEP, 3)
            await works.crash()
            await works.pool.execute(
                "INSERT INTO timers SELECT id, partition, now() FROM executions WHERE id = $1",
                ended,
            )
            await works.pool.execute(
                "UPDATE timers SET due_at = now() + interval '1.5 s' WHERE execution_id ="
                " (SELECT max(execution_id::text)::uuid FROM timers WHERE execution_id <> $1)",
                ended,
            )
        async with open_works(database, alarm_horizon_s=0.2) as works:
            await all_ended(works.pool, 4)
            await until(works.pool, "SELECT count(*) FROM timers", 0)
            await caught_up(works)
            await check_history(works)
