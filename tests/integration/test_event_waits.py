"""Steps that wait for another event: what counts, and what does not."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.db.awaiting import Awaiting
from shared.domain.ids import EventKey, ExecutionId, StepId, WorkflowId
from tests.support.awaiting import NOW, WAITS, answers, completed, decided, paid, wait, waiting
from tests.support.eventually import eventually
from tests.support.gated import Receiver, open_receiver
from tests.support.house import House, of_step, open_house
from tests.support.works import NOTE, until, workflow

LOOPBACK: dict[str, Any] = {"egress": {"allow_loopback": True}}
# --- what counts


async def test_an_event_that_comes_after_ends_the_wait(database: str) -> None:
    """The event is the step's output, and the next step runs."""
    async with open_house(database) as house:
        await house.register(workflow(wait(), NOTE))
        await house.send("go", {})
        await waiting(house)
        await house.send("other", {"n": 0})
        await house.send("paid", {"n": 1}, source="/shop", id="p1")
        await completed(house)
        [done] = [r for r in of_step(house.results(), "wait") if r["status"] == "COMPLETED"]
        assert (done["output"]["data"], done["output"]["id"]) == ({"n": 1}, "p1")
        assert "waiting" in house.phases()
        await until(house.platform.pool, WAITS, 0)


async def between(house: House, receiver: Receiver, **more: Any) -> None:
    """Start an execution, and let an event come before it waits."""
    receiver.gate.clear()
    await house.register(workflow(receiver.step(), wait(**more), NOTE))
    await house.send("paid", {"n": "before"})
    await decided(house, 1)
    await house.send("go", {})
    await eventually(lambda: bool(receiver.keys))
    await house.send("paid", {"n": "between"})
    await decided(house, 3)
    receiver.gate.set()


async def test_an_event_between_start_and_wait_counts(database: str) -> None:
    """The step looks back as far as the execution's start, and no further."""
    async with open_receiver() as receiver, open_house(database, **LOOPBACK) as house:
        await between(house, receiver)
        await completed(house)
        assert answers(house) == [{"n": "between"}]


async def test_without_a_look_back_only_what_follows_counts(database: str) -> None:
    """An event that came before the step waited is not for it."""
    async with open_receiver() as receiver, open_house(database, **LOOPBACK) as house:
        await between(house, receiver, look_back=False)
        await waiting(house)
        await house.send("paid", {"n": "after"})
        await completed(house)
        assert answers(house) == [{"n": "after"}]


async def test_only_an_event_that_matches_ends_the_wait(database: str) -> None:
    """``match`` sees the event, and the step's input as $input; each of three gets its own."""
    match = "payload.order = $input.order"
    async with open_house(database) as house:
        await house.register(workflow(wait("{'order': payload.order}", match=match)))
        for order in (1, 2, 3):
            await house.send("go", {"order": order})
        await waiting(house, 3)
        for paid_for in (4, 2, "2", 3, 1):
            await house.send("paid", {"order": paid_for})
        await completed(house, 3)
        assert sorted(answer["order"] for answer in answers(house)) == [1, 2, 3]
        rows = await house.platform.pool.fetch(
            "SELECT a.input->>'order' AS asked, b.output->'data'->>'order' AS got"
            " FROM execution_log AS a JOIN execution_log AS b USING (execution_id, step_id)"
            " WHERE a.status = 'WAITING' AND b.status = 'COMPLETED'"
        )
        assert len(rows) == 3
        assert all(row["asked"] == row["got"] for row in rows)


async def test_a_match_that_fails_does_not_match(database: str) -> None:
    """An event over which the expression fails leaves the wait open, and the matcher running."""
    async with open_house(database) as house:
        await house.register(workflow(wait(match="$number(payload.n) > 1")))
        await house.send("go", {})
        await waiting(house)
        await house.send("paid", {"n": "none"})
        await house.send("paid", {"n": "2"})
        await completed(house)
        assert answers(house) == [{"n": "2"}]


@pytest.mark.parametrize("name", ["order.*", "*", "order.paid*"])
async def test_a_wait_may_name_the_beginning(database: str, name: str) -> None:
    """A trailing ``*`` stands for whatever follows, when an event comes and when it has come."""
    async with open_receiver() as receiver, open_house(database, **LOOPBACK) as house:
        receiver.gate.clear()
        await house.register(workflow(receiver.step(), wait(event_name=name)))
        await house.send("go", {})
        await eventually(lambda: bool(receiver.keys))
        await house.send("order.paid", {"n": 1})
        await decided(house, 2)
        receiver.gate.set()
        await completed(house)
        assert answers(house) == [{"n": 1}]
        await house.register({**workflow(wait(event_name=name)), "triggers": [{"event_name": "2"}]})
        await house.send("2", {})
        await waiting(house)
        await house.send("order.paid", {"n": 2})
        await completed(house, 2)
        assert answers(house) == [{"n": 1}, {"n": 2}]


async def test_a_wait_ends_with_its_time(database: str) -> None:
    """Without an event the step fails; an event that comes later changes nothing."""
    async with open_house(database) as house:
        await house.register(workflow(wait(timeout_s=0.3)))
        await house.send("go", {})
        await eventually(lambda: "failed" in house.phases())
        assert house.results()[-1]["error"]["kind"] == "timeout"
        await house.send("paid", {})
        await decided(house, 2)
        await until(house.platform.pool, "SELECT count(*) FROM inbox", 0)
        assert house.phases()[-1] == "failed"


async def test_of_two_events_one_wins(database: str) -> None:
    """Each of 20 executions takes one of the two; the other changes nothing."""
    async with open_house(database) as house:
        await house.register(workflow(wait(), NOTE))
        for _ in range(20):
            await house.send("go", {})
        await waiting(house, 20)
        await asyncio.gather(house.send("paid", {"n": 1}), house.send("paid", {"n": 2}))
        await completed(house, 20)
        await until(house.platform.pool, "SELECT count(*) FROM inbox", 0)
        assert len(answers(house)) == 20
        assert house.phases().count("completed") == 20


async def test_an_event_does_not_answer_the_execution_that_it_started(database: str) -> None:
    """One that waits for its own kind of event waits for the next."""
    async with open_house(database) as house:
        await house.register(workflow(wait(event_name="go")))
        await house.send("go", {"n": 1})
        await waiting(house)
        await house.send("go", {"n": 2})
        await completed(house)
        await waiting(house)
        assert answers(house) == [{"n": 2}]


@pytest.mark.parametrize(
    ("look_back", "received_s", "counts"),
    [(True, -1, False), (True, 0, True), (True, 5, True), (False, 5, False), (False, 10, True)],
)
def test_how_late_an_event_must_come(*, look_back: bool, received_s: int, counts: bool) -> None:
    """After the execution's start, or without a look-back after the wait's; never the starter."""
    row = Awaiting(
        execution_id=ExecutionId(uuid4()),
        step_id=StepId("wait"),
        attempt=1,
        data={"look_back": look_back},
        since=NOW + timedelta(seconds=10),
        started_at=NOW,
        started_by=EventKey(uuid4()),
        workflow_id=WorkflowId(uuid4()),
        workflow_version=1,
        is_quarantined=False,
    )
    event = paid({}, NOW + timedelta(seconds=received_s))
    assert row.counts(event) is counts
    assert not row.counts(replace(event, key=row.started_by))
