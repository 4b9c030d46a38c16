"""Steps that only compute are written down together, and before anything that follows of them."""

from collections.abc import Sequence
from typing import Any

from services.executor.compute import ENTRIES_MAX
from shared.domain.ids import ExecutionId
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    caught_up,
    check_history,
    open_works,
    start,
    start_command,
    tell,
    transform,
    workflow,
)

CHAIN = (
    transform("one", "1"),
    transform("two", "steps.one.output + 1"),
    transform("three", "steps.two.output + 1"),
)


IN_ONE = (
    "SELECT count(*) FROM executions AS e WHERE NOT EXISTS (SELECT FROM execution_log AS l"
    " WHERE l.execution_id = e.id AND l.xmin <> e.xmin)"
)


def commits(log: Sequence[Any]) -> int:
    """How many transactions wrote these entries."""
    return len({entry["written_by"] for entry in log})


async def log_of(works: Works, id_: ExecutionId) -> list[Any]:
    """The log of an execution, each entry with the transaction that wrote it."""
    return await works.pool.fetch(
        "SELECT position, step_id, status, output, xmin::text AS written_by FROM execution_log"
        " WHERE execution_id = $1 ORDER BY position",
        id_,
    )


async def test_an_execution_that_only_computes_is_admitted_and_ended_in_one_commit(
    database: str,
) -> None:
    """Each step has its entry and each sees the one before; a start that is repeated adds none."""
    async with open_works(database) as works:
        flow = await works.register(
            {**workflow(*CHAIN), "result": {"lang": "jsonata", "src": "steps.three.output"}}
        )
        id_, command = start_command(flow)
        await tell(works, (id_, command))
        await all_ended(works.pool, 1)
        log = await log_of(works, id_)
        steps = [(entry["step_id"], entry["output"]) for entry in log if entry["step_id"]]
        assert steps[:3] == [("one", "1"), ("two", "2"), ("three", "3")]
        row = await works.pool.fetchrow(
            "SELECT status, steps_settled, result_at, updated_at = finished_at AS is_exact"
            " FROM executions"
        )
        assert row is not None
        assert (row["status"], row["steps_settled"], row["result_at"]) == (
            "COMPLETED",
            len(log) - 1,
            len(log),
        )
        assert row["is_exact"]
        await tell(works, (id_, command))
        others = await start(works, flow, 10)
        await all_ended(works.pool, 11)
        assert await log_of(works, id_) == log
        # Not each of them: a machine that is busy elsewhere may let time run out in between.
        assert 1 in [commits(await log_of(works, other)) for other in others]
        assert await works.pool.fetchval(IN_ONE) > 0
        await caught_up(works)
        await check_history(works)


async def test_what_was_computed_is_durable_before_anything_is_sent(database: str) -> None:
    """When the receiver is called, the step before has its entry; what follows comes as one."""
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        flow = await works.register(workflow(NOTE, receiver.step(), *CHAIN))
        ids = await start(works, flow, 20)
        await eventually(lambda: len(receiver.keys) == len(ids))
        for id_ in ids:
            assert [entry["step_id"] for entry in await log_of(works, id_)][-1] == "note"
        receiver.gate.set()
        await all_ended(works.pool, len(ids))
        logs = [await log_of(works, id_) for id_ in ids]
        for log in logs:
            assert [entry["step_id"] for entry in log[2:]] == ["call", "one", "two", "three"]
        assert 1 in [commits(log[:2]) for log in logs]
        assert 1 in [commits(log[2:]) for log in logs]
        await check_history(works)


async def test_a_long_computation_is_written_in_pieces(database: str) -> None:
    """No transaction grows without bound, and the items of a loop still come in order."""
    items = 2 * ENTRIES_MAX + 50
    loop = {
        "id": "loop",
        "kind": "iterator",
        "iterator": {
            "items": {"lang": "jsonata", "src": f"[1..{items}]"},
            "concurrency": 10,
            "body": {"action": "transform", "input": {"lang": "jsonata", "src": "item * 2"}},
        },
    }
    async with open_works(database) as works:
        flow = await works.register(
            {**workflow(loop), "result": {"lang": "jsonata", "src": "steps.loop.output"}}
        )
        (id_,) = await start(works, flow)
        await all_ended(works.pool, 1)
        written: dict[str, int] = {}
        for entry in await log_of(works, id_):
            written[entry["written_by"]] = written.get(entry["written_by"], 0) + 1
        assert len(written) >= 3
        assert max(written.values()) <= ENTRIES_MAX + 2
        await check_history(works)


async def test_a_slow_computation_lets_others_have_their_turn(database: str) -> None:
    """What takes long is written in smaller pieces, for nobody else works meanwhile."""
    slow = "$sum($map([1..20000], function($n) { $n * 2 }))"
    async with open_works(database) as works:
        steps = [transform(f"s{n}", slow) for n in range(90)]
        flow = await works.register(workflow(*steps))
        (id_,) = await start(works, flow)
        await all_ended(works.pool, 1)
        log = await log_of(works, id_)
        assert {entry["status"] for entry in log if entry["step_id"]} == {"COMPLETED"}
        assert commits(log) > 1
        await check_history(works)
