"""Steps that wait for another event: what counts, what does not, and that nothing is lost."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from prometheus_client import CollectorRegistry

from services.matcher import awaited as module
from services.matcher.awaited import Awaited
from services.matcher.metrics import MatcherMetrics
from shared.assembly.platform import Platform, open_platform
from shared.assembly.settings import ProcessSettings
from shared.bus.protocol import Received
from shared.db.awaiting import Awaiting, EventName
from shared.db.intake import Arrival, archive, ensure_days
from shared.db.pool import Pool
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, ExecutionId, StepId
from shared.expr.jsonata import ExpressionCache
from shared.wire.events import encode_event
from tests.support.eventually import eventually
from tests.support.house import House, of_step, open_house, settings_of
from tests.support.works import (
    NOTE,
    Receiver,
    all_ended,
    open_receiver,
    open_works,
    start,
    until,
    workflow,
)

LOOPBACK: dict[str, Any] = {"egress": {"allow_loopback": True}}
WAITS = "SELECT count(*) FROM waits"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def wait(source: str = "{}", **more: Any) -> dict[str, Any]:
    """A step that waits for ``paid``; its input is what ``source`` comes to."""
    return {
        "id": "wait",
        "kind": "wait",
        "input": {"lang": "jsonata", "src": source},
        "wait": {"event_name": "paid", **more},
    }


async def waiting(house: House, count: int = 1) -> None:
    """Return when so many steps wait."""
    await until(house.platform.pool, WAITS, count)


async def decided(house: House, events: int) -> None:
    """Return when the matcher is through with so many events."""
    registry = house.platform.registry
    name = "turnout_events_matched_total"
    await eventually(lambda: (registry.get_sample_value(name) or 0) >= events)
    # Those who wait are told before the position is committed, and that is before the next batch.
    pool = house.platform.pool
    await until(
        pool,
        "SELECT coalesce(sum(c.position), 0)::int FROM bus_positions AS c"
        " JOIN bus_topics USING (topic_id) WHERE name = 'turnout.triggers'",
        events,
    )


def answers(house: House) -> list[Any]:
    """The payloads that waiting steps completed with."""
    done = [r for r in of_step(house.results(), "wait") if r["status"] == "COMPLETED"]
    return [r["output"]["data"] for r in done]


async def completed(house: House, count: int = 1) -> None:
    """Return when so many executions have completed."""
    await eventually(lambda: house.phases().count("completed") == count, within_s=20)


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
    )
    event = paid({}, NOW + timedelta(seconds=received_s))
    assert row.counts(event) is counts
    assert not row.counts(replace(event, key=row.started_by))


# --- nothing is lost


async def test_none_is_lost_while_waits_and_events_race(database: str) -> None:
    """Of 200 events that come at any moment after the start, each reaches its execution.

    Some come before the step waits, some after. Before the starts came an event for each too,
    which answers none.
    """
    count, chance, longest_s = 200, random.Random(7), 0.3
    rest = {"lang": "jsonata", "src": "{'duration_s': payload.rest_s}"}
    rest_a_while = {"id": "rest", "kind": "sleep", "input": rest}
    match = "payload.order = $input.order"
    async with open_house(database) as house, asyncio.TaskGroup() as group:
        await house.register(
            workflow(rest_a_while, wait("{'order': payload.order}", match=match), NOTE)
        )
        for order in range(count):
            await house.send("paid", {"order": order, "early": True})
        await decided(house, count)

        async def later(order: int) -> None:
            await asyncio.sleep(chance.uniform(0, longest_s))
            await house.send("paid", {"order": order, "early": False})

        for order in range(count):
            await house.send("go", {"order": order, "rest_s": chance.uniform(0, longest_s)})
        seen: set[int] = set()
        while len(seen) < count:
            rows = await house.platform.pool.fetch(
                "SELECT (input->'data'->>'order')::int AS n FROM execution_log WHERE position = 1"
            )
            for order in {row["n"] for row in rows} - seen:
                seen.add(order)
                group.create_task(later(order))
            await asyncio.sleep(0.01)
        await completed(house, count)
        assert sorted(a["order"] for a in answers(house)) == list(range(count))
        assert not any(answer["early"] for answer in answers(house))
        told = house.platform.registry.get_sample_value("turnout_waits_answered_total")
        assert told is not None
        assert 0 < told < count


async def test_a_crash_before_looking_back_loses_nothing(database: str) -> None:
    """A wait is durable, its owner gone before it has looked: the next owner looks."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        async with open_works(database) as works:
            await start(works, await works.register(workflow(receiver.step(), wait())))
            await eventually(lambda: bool(receiver.keys))
            await archived(works.pool, paid({"n": 1}, datetime.now(UTC)))
            async with works.pool.acquire() as conn, conn.transaction():
                await conn.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
                receiver.gate.set()
                await until(works.pool, "SELECT count(*) FROM waits WHERE NOT has_looked_back", 1)
                await works.crash()
            assert await works.pool.fetchval(WAITS) == 1
        async with open_works(database) as works:
            await all_ended(works.pool, 1)
            output = await works.pool.fetchval(
                "SELECT output FROM execution_log WHERE step_id = 'wait' AND status = 'COMPLETED'"
            )
            assert orjson.loads(output)["data"] == {"n": 1}


# --- many


async def test_many_are_told_in_pages_and_each_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,500 waits of one name are told by the first event; the next finds nobody to tell."""
    monkeypatch.setattr(module, "WAITS_AT_ONCE", 400)
    monkeypatch.setattr(module, "TOLD_BYTES_AT_ONCE", 50_000)
    async with open_platform(ProcessSettings(**settings_of(database))) as platform:
        await platform.pool.execute(MANY, 2_500)
        awaited = Awaited(
            platform, ExpressionCache(10), MatcherMetrics(CollectorRegistry(auto_describe=True))
        )
        await awaited.tell(batch(paid({"n": 1}, NOW), paid({"n": 2}, NOW)))
        told = await commands(platform)
        assert len(told) == len({one["subject"] for one in told}) == 2_500
        assert {one["data"]["signal"]["event"]["data"]["n"] for one in told} == {1}
        await awaited.tell(batch(paid({"n": 3}, NOW)))
        assert len(await commands(platform)) == 2_500


MANY = """
WITH made AS (
    INSERT INTO executions (id, partition, command_offset, environment_id, workflow_id,
        workflow_version, event_key, created_at, status, updated_at, steps_settled)
    SELECT gen_random_uuid(), 0, n, '00000000-0000-4000-8000-000000000001', gen_random_uuid(), 1,
        gen_random_uuid(), '2020-01-01', 'WAITING', '2020-01-01', 0
    FROM generate_series(1, $1) AS n
    RETURNING id, command_offset
)
INSERT INTO waits (execution_id, step_id, partition, environment_id, kind, subject, attempt, since,
    data, has_looked_back)
SELECT id, 'wait', 0, '00000000-0000-4000-8000-000000000001', 'event', 'paid', 1,
    timestamptz '2020-01-01' + command_offset / 7 * interval '1 s',
    '{"kind": "event", "event_name": "paid", "match": null, "input": {}, "look_back": true}', true
FROM made
"""


def paid(payload: Any, received_at: datetime) -> Event:
    """An event ``paid``."""
    key = EventKey(uuid4())
    return Event(
        key=key,
        environment_id=DEFAULT_ENVIRONMENT,
        type="paid",
        source="/test",
        id=str(key),
        received_at=received_at,
        payload=payload,
    )


def batch(*events: Event) -> Mapping[EventName, list[Received]]:
    """Events as the matcher has read them."""
    records = [
        Received("turnout.triggers", 0, n, None, encode_event(event), (), NOW)
        for n, event in enumerate(events)
    ]
    return {EventName(DEFAULT_ENVIRONMENT, "paid"): records}


async def archived(pool: Pool, event: Event) -> None:
    """Put an event into the archive, past the matcher."""
    arrival = Arrival(
        key=event.key,
        environment_id=event.environment_id,
        type=event.type,
        received_at=event.received_at,
        record=encode_event(event),
        body_hash=b"0" * 16,
        origin="test",
    )
    async with pool.acquire() as conn:
        today = event.received_at.date()
        await ensure_days(conn, today, today + timedelta(days=1))
        await archive(conn, [arrival])


async def commands(platform: Platform) -> Sequence[dict[str, Any]]:
    """The records on ``commands``."""
    rows = await platform.pool.fetch(
        "SELECT value FROM bus_records JOIN bus_topics USING (topic_id) WHERE name = $1",
        platform.topics.commands,
    )
    return [orjson.loads(row["value"]) for row in rows]
