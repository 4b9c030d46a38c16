"""Executions that wait outside of memory: each answer counts once, whenever it comes."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from shared.domain.ids import ExecutionId, StepId
from shared.domain.signals import Arrived, Decided, Resume, Suspend
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel,
    check_history,
    open_works,
    say,
    signal_command,
    start,
    statuses,
    until,
    workflow,
)

WAITS = "SELECT count(*) FROM waits"
INBOX = "SELECT count(*) FROM inbox"


def ask(id_: str = "ask", **more: Any) -> dict[str, Any]:
    """An approval step."""
    return {"id": id_, "kind": "approval", **more}


def yes(step_id: str = "ask", decision_id: str = "d") -> Decided:
    """A yes."""
    return Decided(step_id=StepId(step_id), decision="approve", decision_id=decision_id)


async def asked(works: Works, count: int, *steps: dict[str, Any]) -> Sequence[ExecutionId]:
    """Executions that wait for a yes, out of memory."""
    ids = await start(works, await works.register(workflow(*(steps or (ask(), NOTE)))), count)
    await until(works.pool, WAITS, count)
    await eventually(lambda: works.metric("turnout_executions_active") == 0)
    return ids


async def test_the_first_answer_wins_and_the_others_leave_nothing(database: str) -> None:
    """However many come, at once or after the end, and whatever they are for."""
    async with open_works(database) as works:
        ids = await asked(works, 20)
        no = Decided(step_id=StepId("ask"), decision="reject", decision_id="no")
        stray = Arrived(step_id=StepId("note"), event={})
        for id_ in ids:
            for signal in (stray, yes(), no, yes(), yes("nowhere")):
                await say(works, id_, signal)
        await all_ended(works.pool, 20)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        await asyncio.gather(*(say(works, id_, no) for id_ in ids))
        await cancel(works, *ids)
        await check_history(works)


async def test_answers_come_while_executions_leave_and_enter_memory(database: str) -> None:
    """Two approvals one after another, answered as soon as they are seen, or before."""
    async with open_works(database) as works:
        steps = [ask(f"a{n}") for n in range(4)]
        ids = await start(works, await works.register(workflow(*steps, NOTE)), 25)
        open_ = "SELECT execution_id, step_id FROM waits"
        ended = "SELECT count(*) FROM executions WHERE finished_at IS NOT NULL"
        async with asyncio.timeout(60):
            while await works.pool.fetchval(ended) < len(ids):
                for row in await works.pool.fetch(open_):
                    await say(works, row["execution_id"], yes(row["step_id"]))
                    await say(works, row["execution_id"], yes("a3", "early"))
        await check_history(works)


@pytest.mark.parametrize("under_way", [False, True])
async def test_an_answer_survives_a_crash(database: str, *, under_way: bool) -> None:
    """Before it is taken in, and while the step that it lets run is under way, timer or not."""
    hour: dict[str, Any] = {"approval": {"timeout_s": 3600.0}}
    async with open_receiver() as receiver:
        receiver.gate.clear()
        async with open_works(database) as works:
            call = receiver.step()
            ids = [*await asked(works, 4, ask(), call)]
            slow = await start(works, await works.register(workflow(ask(**hour), call)), 4)
            ids += slow
            await until(works.pool, WAITS, 8)
            if under_way:
                for id_ in ids:
                    await say(works, id_, yes())
                await eventually(lambda: len(receiver.keys) == 8)
                assert await works.pool.fetchval(INBOX) == 0
            await works.crash()
            if not under_way:
                await works.pool.execute(
                    "INSERT INTO inbox SELECT id, 1000, partition, $1::text::json FROM executions",
                    '{"specversion":"1.0"}',
                )
        receiver.gate.set()
        async with open_works(database) as works:
            await all_ended(works.pool, 8)
            expected = "COMPLETED" if under_way else "FAILED"  # what it cannot read ends it
            assert set((await statuses(works.pool)).values()) == {expected}
            assert len(set(receiver.keys)) == (8 if under_way else 0)
            await until(works.pool, WAITS, 0)


async def test_hundreds_that_were_told_are_taken_up(database: str) -> None:
    """Though the process that they were told went down before it told them."""
    async with open_works(database) as works:
        ids = await asked(works, 300)
        await works.crash()
        heard = [(id_, 1_000 + n, signal_command(id_, yes())) for n, id_ in enumerate(ids)]
        await works.pool.executemany(
            "INSERT INTO inbox SELECT id, $2, partition, convert_from($3, 'UTF8')::json"
            " FROM executions WHERE id = $1",
            heard,
        )
    async with open_works(database) as works:
        await all_ended(works.pool, 300)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        await check_history(works)


async def test_suspended_with_a_step_under_way(database: str) -> None:
    """What is under way ends and is kept, or runs anew after a crash; nothing else begins."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        async with open_works(database) as works:
            flow = workflow(ask(depends_on=[]), receiver.step(), {**NOTE, "depends_on": ["call"]})
            ids = await start(works, await works.register(flow), 4)
            await eventually(lambda: len(receiver.keys) == 4)
            for id_ in ids:
                await say(works, id_, Suspend())
            held = "SELECT count(*) FROM executions WHERE status = 'SUSPENDED'"
            await until(works.pool, held, 4)
            await works.crash()
        receiver.gate.set()
        async with open_works(database) as works:
            await until(works.pool, "SELECT count(*) FROM timers", 0)
            for id_ in ids:
                await say(works, id_, yes())
            await until(works.pool, WAITS, 0)
            assert len(receiver.keys) == 4
            for id_ in ids:
                await say(works, id_, Resume())
            await all_ended(works.pool, 4)
            await check_history(works)
