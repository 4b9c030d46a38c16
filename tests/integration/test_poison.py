"""What is broken harms only itself: odd values, lost plans, commands without sense."""

from uuid import UUID

import pytest
from aiohttp import web

from shared.domain.ids import ExecutionId
from shared.wire.lineage import Lineage, Repeat
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.tasks import letters
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel_command,
    caught_up,
    check_history,
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

HOUR = {"max_attempts": 2, "initial_interval_s": 3600.0, "max_interval_s": 3600.0, "jitter": 0.0}
CONSUMED = (
    "SELECT bool_and(o.consumed_offset = p.next_offset) FROM partition_owners AS o"
    " JOIN bus_partitions AS p USING (partition) JOIN bus_topics AS t USING (topic_id)"
    " WHERE t.name = 'turnout.commands'"
)


async def asleep(works: Works, count: int) -> None:
    """Return when ``count`` executions wait for a retry."""
    await until(works.pool, "SELECT count(*) FROM executions WHERE status = 'RETRYING'", count)


def answers() -> list[web.Response]:
    """Answers of a receiver that means harm, or knows no better."""
    json = "application/json"
    return [
        web.Response(body=b'{"a":' + b"[" * 400 + b"]" * 400 + b"}", content_type=json),
        web.Response(body=rb'{"a":"x\u0000y","b\u0000":1}', content_type=json),
        web.Response(body=rb'"\ud800"', content_type=json),
        web.Response(body=b"[" + b",".join([b"1e15"] * 50_000) + b"]", content_type=json),
        web.Response(
            body=b"[" + b"9" * 400 + b",1e308,-0.0,18446744073709551615]", content_type=json
        ),
        web.Response(body=b"\xff\xfe\0", headers={"X-Odd": "\udcff\udc80"}),
        web.Response(status=400, body=b"\xff\0" + b"x" * 100_000),
    ]


ODD_STEPS = [
    transform("x", "$power(10, 25)"),
    transform("x", "$pad('x', 1000000)"),
    transform("x", "[1..40000].('0123456789abcdef')"),
    transform("x", "{'a': '\\u0000', 'b': '\\ud800'}"),
    {"id": "x", "action": "http_request", "input": {"src": {f"k{n}": n for n in range(9_000)}}},
    {"id": "x", "action": "nothing_of_the_kind"},
]


async def test_a_value_that_cannot_be_kept_fails_its_own_step_only(database: str) -> None:
    """Deep, huge, over-long or oddly written values harm no neighbour in the group commit."""
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.plan = answers()
        good = await works.register(workflow(NOTE, {**NOTE, "id": "last"}))
        bad = [await works.register(workflow(step)) for step in ODD_STEPS]
        call = await works.register(workflow(receiver.step(retry={"max_attempts": 1})))
        commands = [start_command(flow) for flow in (*bad, *[call] * 7, *[good] * 40)]
        await tell(works, *commands)
        await all_ended(works.pool, len(commands))
        found = await statuses(works.pool)
        assert {found[id_] for id_, _ in commands[-40:]} == {"COMPLETED"}
        kinds = await works.pool.fetch(
            "SELECT error ->> 'kind' AS kind, length(error ->> 'message') AS size"
            " FROM executions WHERE status = 'FAILED'"
        )
        assert {"unfit", "too_large", "invalid_input", "refused"} <= {row["kind"] for row in kinds}
        assert all(0 < row["size"] <= 1_000 for row in kinds)
        assert works.metric("turnout_partitions_fenced_total") == 0
        await caught_up(works)
        await check_history(works)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE workflow_versions SET definition = '{\"steps\": 1}' WHERE workflow_id = $1",
        "DELETE FROM workflow_versions WHERE workflow_id = $1",
        (
            'UPDATE execution_log SET input = \'{"specversion": "0.3"}\' WHERE position = 1 '
            "AND execution_id IN (SELECT id FROM executions WHERE workflow_id = $1)"
        ),
    ],
)
async def test_what_cannot_be_read_any_more_fails_alone(database: str, damage: str) -> None:
    """A lost plan or an event of another format ends its execution, and no partition."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        receiver.plan = [web.Response(status=503)]
        async with open_works(database) as works:
            good = await works.register(workflow(receiver.step(retry=HOUR)))
            bad = await works.register(workflow({**receiver.step(retry=HOUR), "id": "bad"}))
            await start(works, bad)
            await asleep(works, 1)
            for partition in range(4):
                await start_in(works, bad, partition)
                await start_in(works, good, partition)
            await eventually(lambda: len(receiver.keys) == 9)
            await works.crash()
            await works.pool.execute(damage, bad.id)
            await works.pool.execute("UPDATE timers SET due_at = now()")
        receiver.gate.set()
        async with open_works(database) as works:
            await all_ended(works.pool, 9)
            ended = await works.pool.fetch(
                "SELECT workflow_id, status, error ->> 'message' AS why FROM executions"
            )
            assert {row["status"] for row in ended if row["workflow_id"] == good.id} == {
                "COMPLETED"
            }
            assert {
                (row["status"], bool(row["why"])) for row in ended if row["workflow_id"] == bad.id
            } == {("FAILED", True)}
            await caught_up(works)
            await check_history(works)
            failed = [r for r in await published(works) if r["data"].get("phase") == "failed"]
            assert all(record["data"]["error"]["message"] for record in failed)


async def test_commands_that_make_no_sense_are_put_aside(database: str) -> None:
    """A version that cannot be, a graph that cannot run, a reason that is no text: dead letters."""
    async with open_works(database) as works:
        loop = [{**NOTE, "id": "a", "depends_on": ["b"]}, {**NOTE, "id": "b", "depends_on": ["a"]}]
        flow = await works.register(workflow(NOTE))
        cyclic = await works.register(workflow(*loop))
        id_, command = start_command(flow)
        await tell(
            works,
            (id_, command.replace(b'"workflow_version":1', b'"workflow_version":99999999999')),
            (id_, command.replace(b'"workflow_version":1', b'"workflow_version":2')),
            start_command(cyclic),
            (id_, cancel_command(id_).replace(b'"enough"', b'{"why":1}')),
            (id_, cancel_command(id_).replace(b'"enough"', rb'"\u0000"')),
            (id_, cancel_command(id_).replace(b'Z"', b'"')),
        )
        await start(works, flow)
        await all_ended(works.pool, 1)
        dead = (
            "SELECT count(*) FROM bus_records JOIN bus_topics USING (topic_id)"
            " WHERE name = 'turnout.dead-letters'"
        )
        await until(works.pool, dead, 6)
        assert await works.pool.fetchval("SELECT count(*) FROM executions") == 1


async def test_a_deleted_workflow_runs_to_its_end(database: str) -> None:
    """An execution is bound to the version it began with, deleted or not."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        async with open_works(database) as works:
            flow = await works.register(workflow(receiver.step(), NOTE))
            [id_] = await start(works, flow)
            await eventually(lambda: len(receiver.keys) == 1)
            await works.pool.execute("UPDATE workflows SET is_deleted = true, is_active = false")
            await works.crash()
        receiver.gate.set()
        async with open_works(database) as works:
            await all_ended(works.pool, 1)
            assert await statuses(works.pool) == {id_: "COMPLETED"}


async def test_what_resumes_an_execution_that_is_no_longer_kept_does_not_begin(
    database: str,
) -> None:
    """It would do everything once more; one that repeats all of it does so."""
    gone = ExecutionId(UUID(int=9))
    async with open_receiver() as receiver, open_works(database) as works:
        flow = await works.register(workflow(receiver.step()))
        resumed = start_command(flow, lineage=Lineage(repeats=Repeat(gone, inherits=True)))
        rerun = start_command(flow, lineage=Lineage(repeats=Repeat(gone)))
        await tell(works, resumed, rerun)
        await all_ended(works.pool, 1)
        await eventually(lambda: works.metric("turnout_executor_dead_letters_total") == 1)
        assert await statuses(works.pool) == {rerun[0]: "COMPLETED"}
        assert len(receiver.keys) == 1
        (letter,) = await letters(works)
        assert letter["reason"] == "UNKNOWN_EXECUTION"
        await check_history(works)
