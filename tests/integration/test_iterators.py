"""A step per item: bounded, in order, and each item once, whatever ends in between."""

from typing import Any

from aiohttp import web

from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import (
    NOTE,
    all_ended,
    cancel,
    check_history,
    open_works,
    start,
    statuses,
    transform,
    until,
    workflow,
)

ITEMS = "SELECT count(*) FROM execution_log WHERE step_id LIKE 'each[%'"


def each(items: Any, body: dict[str, Any], **block: Any) -> dict[str, Any]:
    """A step that does ``body`` for each item."""
    given = {"items": {"src": items}, "body": body, **block}
    return {"id": "each", "kind": "iterator", "iterator": given}


def doubling(source: str = "item * 2") -> dict[str, Any]:
    """A body that computes."""
    return {
        "action": "transform",
        "input": {"lang": "jsonata", "src": source},
        "retry": {"max_attempts": 1},
    }


async def test_a_thousand_items_are_done_in_order(database: str) -> None:
    """A hundred at a time, or one after another, or none at all."""
    async with open_works(database) as works:
        check = transform(
            "check", "[steps.each.output = [0..999].($ * 2), $count(steps.each.output)]"
        )
        for block in ({"concurrency": 100}, {}):
            flow = await works.register(
                workflow(each(list(range(1_000)), doubling(), **block), check)
            )
            await start(works, flow)
        await start(works, await works.register(workflow(each([], doubling()), NOTE)))
        await all_ended(works.pool, 3)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        found = await works.pool.fetch(
            "SELECT output::text FROM execution_log WHERE step_id = 'check'"
        )
        assert [row["output"] for row in found] == ["[true,1000]"] * 2
        await check_history(works)


async def test_an_item_that_fails_ends_the_iterator_or_leaves_a_gap(database: str) -> None:
    """The items beside it are broken off; what comes after the iterator goes its way."""
    bad = doubling("item = 2 ? $error('no') : item")
    async with open_receiver() as receiver, open_works(database) as works:
        goes_on = {"on_item_failure": "continue", "concurrency": 2}
        kept = await works.register(workflow(each([1, 2, 3], bad, **goes_on), NOTE))
        ends = await works.register(workflow(each([1, 2, 3], bad), NOTE))
        receiver.gate.clear()
        call = receiver.step()
        body = {"action": call["action"], "input": call["input"], "retry": {"max_attempts": 1}}
        hangs = each(list(range(6)), body, concurrency=3) | {"on_failure": "continue"}
        waits = {"id": "ask", "kind": "approval", "depends_on": [], "approval": {"timeout_s": 0.7}}
        broken = await works.register(workflow(hangs, waits | {"on_failure": "continue"}))
        await start(works, broken)
        await eventually(lambda: len(receiver.keys) == 3)
        receiver.plan = [web.Response(status=400)]
        for flow in (kept, ends):
            await start(works, flow)
        await all_ended(works.pool, 2)
        receiver.status = 400
        receiver.gate.set()
        await all_ended(works.pool, 3)
        rows = await works.pool.fetch("SELECT workflow_id, status FROM executions")
        assert {row["workflow_id"]: row["status"] for row in rows} == {
            kept.id: "COMPLETED",
            ends.id: "FAILED",
            broken.id: "COMPLETED",
        }
        gap = "SELECT count(*) FROM execution_log WHERE output::text = '[1,null,3]'"
        assert await works.pool.fetchval(gap) == 1
        await check_history(works)


async def test_items_survive_crashes_and_cancellations(database: str) -> None:
    """An item that ended is not begun again; a cancellation ends those under way."""
    async with open_receiver() as receiver:
        call = receiver.step()
        body = {"action": call["action"], "input": call["input"]}
        flow = workflow(each(list(range(30)), body, concurrency=4), NOTE)
        receiver.plan = [web.json_response({"ok": True}) for _ in range(21)]
        receiver.gate.clear()  # for all after these
        async with open_works(database) as works:
            ids = await start(works, await works.register(flow), 3)
            await until(works.pool, ITEMS, 21)
            await eventually(lambda: len(receiver.keys) == 21 + 12)
            await works.crash()
            done = await works.pool.fetch(
                "SELECT execution_id || ':' || step_id AS key FROM execution_log"
                " WHERE step_id LIKE 'each[%'"
            )
        before = len(receiver.keys)
        async with open_works(database) as works:
            await eventually(lambda: len(receiver.keys) == before + 12)
            await cancel(works, ids[0])
            await all_ended(works.pool, 1)
            receiver.gate.set()
            await all_ended(works.pool, 3)
            found = await statuses(works.pool)
            assert [found[id_] for id_ in ids] == ["CANCELLED", "COMPLETED", "COMPLETED"]
            assert not {row["key"] for row in done} & set(receiver.keys[before:])
            await check_history(works)
