"""Executions that start executions: each once, and each end is heard, whoever crashes meanwhile."""

from typing import Any

import pytest

from shared.domain.workflows import Workflow
from tests.support.eventually import eventually
from tests.support.gated import Receiver, open_receiver
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel,
    check_history,
    open_works,
    start,
    transform,
    until,
    workflow,
)

CHILDREN = "SELECT count(*) FROM executions WHERE lineage IS NOT NULL"
WAITS = "SELECT count(*) FROM waits WHERE kind = 'subworkflow'"


def calling(child: Workflow, **block: Any) -> dict[str, Any]:
    """A step that calls another workflow."""
    called = {"workflow_id": str(child.id), **block}
    return {"id": "child", "kind": "subworkflow", "subworkflow": called}


async def by_flow(works: Works) -> dict[str, list[str]]:
    """The statuses of the executions of each workflow, by its id."""
    rows = await works.pool.fetch(
        "SELECT workflow_id::text, array_agg(status ORDER BY status) AS found FROM executions"
        " GROUP BY 1"
    )
    return {row["workflow_id"]: row["found"] for row in rows}


async def output_of(works: Works, step_id: str) -> Any:
    """What the only settled attempt of a step gave."""
    return await works.pool.fetchval(
        "SELECT output #>> '{}' FROM execution_log WHERE step_id = $1 AND status = 'COMPLETED'",
        step_id,
    )


async def test_a_child_gives_its_result_or_its_failure(database: str) -> None:
    """A parent that does not wait goes on at once; one that does takes what the child came to.

    A child that takes too long is cancelled; one that nobody waits for goes its own way.
    """
    async with open_receiver() as receiver, open_works(database) as works:
        answers = {"id": "out", "kind": "respond", "input": {"src": {"n": 7}}}
        good = await works.register(workflow(answers, NOTE))
        bad = await works.register(workflow(transform("t", "$error('no')")))
        slow = await works.register(workflow(receiver.step()))
        receiver.gate.clear()
        takes = await works.register(workflow(calling(good), NOTE))
        fails = await works.register(workflow(calling(bad) | {"retry": {"max_attempts": 1}}))
        leaves = await works.register(workflow(calling(slow, wait=False), NOTE))
        late = await works.register(
            workflow(calling(slow, timeout_s=0.5) | {"retry": {"max_attempts": 1}})
        )
        for flow in (takes, fails, leaves, late):
            await start(works, flow)
        await all_ended(works.pool, 7)
        await until(works.pool, "SELECT count(*) FROM executions WHERE status = 'RUNNING'", 1)
        found = await by_flow(works)
        assert found[str(slow.id)] == ["CANCELLED", "RUNNING"]
        assert found[str(takes.id)] == found[str(leaves.id)] == ["COMPLETED"]
        assert found[str(fails.id)] == found[str(late.id)] == ["FAILED"]
        result = (
            "SELECT output -> 'result' ->> 'n' FROM execution_log"
            " WHERE step_id = 'child' AND status = 'COMPLETED' AND output::jsonb ? 'result'"
        )
        assert await works.pool.fetchval(result) == "7"
        receiver.gate.set()
        await all_ended(works.pool, 8)
        await check_history(works)


async def parent_and_child(works: Works, receiver: Receiver) -> tuple[Workflow, Workflow]:
    """A parent that waits for a child that calls the receiver, both under way."""
    child = await works.register(workflow(receiver.step()))
    parent = await works.register(workflow(calling(child), NOTE))
    await start(works, parent, 4)
    await eventually(lambda: len(set(receiver.keys)) == 4)
    await until(works.pool, WAITS, 4)
    return parent, child


@pytest.mark.parametrize("rewound", [False, True])
async def test_parents_and_children_survive_crashes(database: str, *, rewound: bool) -> None:
    """Also where every start and every end is published once more."""
    rewind = "UPDATE partition_owners SET emitted_seq = 0"
    async with open_receiver() as receiver:
        receiver.gate.clear()
        async with open_works(database) as works:
            parent, child = await parent_and_child(works, receiver)
            await works.crash()
            if rewound:
                await works.pool.execute(rewind)
        receiver.gate.set()
        async with open_works(database) as works:
            await all_ended(works.pool, 8)
            await check_history(works)
            await works.crash()
            if rewound:
                await works.pool.execute(rewind)
        async with open_works(database) as works:
            await check_history(works)
            found = await by_flow(works)
            assert found == {str(flow.id): ["COMPLETED"] * 4 for flow in (parent, child)}


async def test_a_parent_of_many_children_hears_each(database: str) -> None:
    """An iterator that calls a workflow for each item keeps their order, and no row behind."""
    async with open_works(database) as works:
        answers = {
            "id": "out",
            "kind": "respond",
            "input": {"lang": "jsonata", "src": "payload * 2"},
        }
        child = await works.register(workflow(answers))
        body = {
            "subworkflow": {"workflow_id": str(child.id)},
            "input": {"lang": "jsonata", "src": "item"},
        }
        block = {"items": {"src": list(range(40))}, "body": body, "concurrency": 10}
        each = {"id": "each", "kind": "iterator", "iterator": block}
        out = transform("sum", "$sum(steps.each.output.result)")
        await start(works, await works.register(workflow(each, out)))
        await all_ended(works.pool, 41)
        assert await output_of(works, "sum") == str(sum(range(40)) * 2)
        await check_history(works)


async def test_a_child_ends_with_the_parent_that_waits_for_it(database: str) -> None:
    """A cancelled parent cancels it; the end of the one is not told to the other any more."""
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        parent, child = await parent_and_child(works, receiver)
        rows = await works.pool.fetch("SELECT id FROM executions WHERE workflow_id = $1", parent.id)
        await cancel(works, *(row["id"] for row in rows))
        await all_ended(works.pool, 8)
        found = await by_flow(works)
        assert found == {str(flow.id): ["CANCELLED"] * 4 for flow in (parent, child)}
        await check_history(works)
