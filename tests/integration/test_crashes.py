"""Whatever waits, repeats, calls and undoes, crashes change when it ends, and never how."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

from shared.domain.ids import ExecutionId, StepId
from shared.domain.signals import Arrived, Decided
from shared.domain.workflows import Workflow
from tests.support.gated import Receiver, open_receiver
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    check_history,
    open_works,
    say,
    start,
    transform,
    workflow,
)

Outcome = tuple[str, frozenset[tuple[str, str]]]

SOON = {"max_attempts": 3, "initial_interval_s": 0.2, "jitter": 0.0}
ONCE = {"max_attempts": 1}


def sleep(id_: str, duration_s: float) -> dict[str, Any]:
    """A step that sleeps."""
    return {"id": id_, "kind": "sleep", "sleep": {"duration_s": duration_s}}


def calling(child: Workflow) -> dict[str, Any]:
    """A block that calls another workflow and waits for it."""
    return {"subworkflow": {"workflow_id": str(child.id)}}


def walking(count: int, body: dict[str, Any]) -> dict[str, Any]:
    """A step that does something for each of some items."""
    block = {"items": {"src": list(range(count))}, "body": body, "concurrency": 2}
    return {"id": "each", "kind": "iterator", "iterator": block}


async def flows(works: Works, receiver: Receiver) -> dict[str, Workflow]:
    """One workflow of each kind."""
    child = await works.register(workflow(sleep("nap", 0.2), NOTE))
    body = {"action": "http_request", "input": receiver.step("/flaky")["input"], "retry": SOON}
    undo = {"action": "http_request", "input": receiver.step("/flaky")["input"], "retry": SOON}
    ask = {"id": "ask", "kind": "approval"}
    event = {"id": "event", "kind": "wait", "wait": {"event_name": "done"}}
    steps: dict[str, list[dict[str, Any]]] = {
        "asks": [receiver.step(), ask, NOTE],
        "sleeps": [sleep("nap", 0.4), receiver.step(), sleep("more", 0.1), NOTE],
        "calls": [{"id": "child", "kind": "subworkflow", **calling(child)}, NOTE],
        "repeats": [receiver.step("/flaky", retry=SOON), NOTE],
        "walks": [walking(6, body)],
        "walks far": [walking(3, calling(child))],
        "undoes": [
            receiver.step(compensation=undo),
            receiver.step(compensation=undo) | {"id": "second"},
            transform("bad", "$error('no')") | {"on_failure": "compensate", "retry": ONCE},
        ],
        "does all at once": [
            {**ask, "depends_on": ["call"]},
            {**event, "depends_on": ["call"]},
            {**sleep("nap", 0.3), "depends_on": ["call"]},
            receiver.step("/flaky", retry=SOON),
            {**NOTE, "depends_on": ["ask", "event", "nap"]},
        ],
    }
    found = {name: await works.register(workflow(*given)) for name, given in steps.items()}
    hurried = {**workflow(sleep("long", 600.0)), "policy": {"expires_after_s": 0.6}}
    return {**found, "expires": await works.register(hurried)}


async def answer(works: Works, told: set[tuple[str, str]]) -> None:
    """Say what is waited for, now and then twice."""
    for row in await works.pool.fetch(
        "SELECT execution_id, step_id, kind FROM waits WHERE kind IN ('approval', 'event')"
    ):
        key = (str(row["execution_id"]), row["step_id"])
        if key in told and random.random() < 0.7:
            continue
        told.add(key)
        step_id = StepId(row["step_id"])
        signal = (
            Decided(step_id=step_id, decision="approve", decision_id="d")
            if row["kind"] == "approval"
            else Arrived(step_id=step_id, event={"event": {"name": "done"}})
        )
        await say(works, ExecutionId(row["execution_id"]), signal)


async def keep_answering(works: Works, told: set[tuple[str, str]]) -> None:
    """Say what is waited for, until cancelled."""
    while True:
        await answer(works, told)
        await asyncio.sleep(0.05)


async def outcomes(works: Works, ids: Mapping[ExecutionId, str]) -> dict[str, Counter[Outcome]]:
    """How the executions of each flow ended: their status, and that of each step."""
    found: dict[str, Counter[Outcome]] = {}
    for row in await works.pool.fetch(
        "SELECT e.id, e.status, array_agg(l.step_id || ' ' || l.status) FILTER ("
        " WHERE l.status IN ('COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED')) AS steps"
        " FROM executions AS e JOIN execution_log AS l ON l.execution_id = e.id GROUP BY 1, 2"
    ):
        if row["id"] in ids:
            steps = frozenset((step, "") for step in row["steps"] or ())
            found.setdefault(ids[row["id"]], Counter())[row["status"], steps] += 1
    return found


async def begin(works: Works, given: Mapping[str, Workflow], count: int) -> dict[ExecutionId, str]:
    """Start some of each."""
    return {id_: name for name in given for id_ in await start(works, given[name], count)}


async def test_crashes_change_no_outcome(database: str) -> None:
    """Each kind ends as it does undisturbed, step by step, and leaves no row behind."""
    told: set[tuple[str, str]] = set()
    async with open_receiver() as receiver:
        async with open_works(database) as works, asyncio.TaskGroup() as group:
            given = await flows(works, receiver)
            answering = group.create_task(keep_answering(works, told))
            alone = await begin(works, given, 1)
            await all_ended(works.pool, 13)
            expected = await outcomes(works, alone)
            await check_history(works)
            answering.cancel()
        assert len(expected) == len(given)
        assert not [k for k, found in expected.items() if len(found) != 1]
        ids: dict[ExecutionId, str] = {}
        for turn in range(6):
            async with open_works(database) as works, asyncio.TaskGroup() as group:
                answering = group.create_task(keep_answering(works, told))
                if turn == 0:
                    ids = await begin(works, given, 6)
                await asyncio.sleep(random.uniform(0.1, 0.8))
                answering.cancel()
                await works.crash()
        async with open_works(database) as works, asyncio.TaskGroup() as group:
            answering = group.create_task(keep_answering(works, told))
            await all_ended(works.pool, 13 * 7)
            answering.cancel()
            assert await outcomes(works, ids) == {
                name: Counter(dict.fromkeys(found, 6)) for name, found in expected.items()
            }
            await check_history(works)
