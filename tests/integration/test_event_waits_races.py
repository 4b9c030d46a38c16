"""Waiting for events: nothing is lost to a race, a crash or great numbers."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from services.executor import outside
from services.matcher import awaited as module
from services.matcher.awaited import Awaited
from services.matcher.breather import AT_A_STRETCH_S
from services.matcher.metrics import MatcherMetrics
from services.matcher.quarantines import Quarantines
from services.matcher.settings import MatcherSettings
from shared.assembly.platform import Platform, open_platform
from shared.assembly.settings import ProcessSettings
from shared.bus.protocol import Received
from shared.db.awaiting import EventName
from shared.db.intake import Arrival, archive, ensure_days
from shared.db.pool import Pool
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.expr.jsonata import ExpressionCache
from shared.runtime.budgets import Budgets
from shared.runtime.environment_names import EnvironmentNames
from shared.wire.events import encode_event
from tests.support.awaiting import NOW, WAITS, answers, completed, decided, paid, wait
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.house import open_house, settings_of
from tests.support.metrics import total
from tests.support.works import NOTE, all_ended, open_works, start, until, workflow


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
        assert 0 < total(house.platform.registry, "turnout_waits_answered_total") < count


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


async def test_a_look_back_goes_through_all_that_came(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event it waits for is found behind many others of the name, some of the same instant."""
    monkeypatch.setattr(outside, "EVENTS_PAGE", 7)
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        step = wait(match="payload.n = 40")
        await start(works, await works.register(workflow(receiver.step(), step)))
        await eventually(lambda: bool(receiver.keys))
        now = datetime.now(UTC)
        for n in range(50):
            await archived(works.pool, paid({"n": n}, now + timedelta(milliseconds=n // 9)))
        receiver.gate.set()
        await all_ended(works.pool, 1)


# --- many


async def test_many_are_told_in_pages_and_each_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,500 waits are told of the first event that came late enough; the next finds nobody."""
    monkeypatch.setattr(module, "WAITS_AT_ONCE", 400)
    monkeypatch.setattr(module, "TOLD_BYTES_AT_ONCE", 50_000)
    async with open_platform(ProcessSettings(**settings_of(database))) as platform:
        await platform.pool.execute(MANY, 2_500)
        settings = MatcherSettings(**settings_of(database))
        metrics = MatcherMetrics(CollectorRegistry(auto_describe=True), EnvironmentNames())
        awaited = Awaited(
            platform,
            ExpressionCache(10),
            settings,
            metrics,
            Budgets(platform.clock, free_s=AT_A_STRETCH_S),
            Quarantines(platform, settings, metrics),
        )
        early = paid({"n": 0}, datetime(2019, 12, 31, tzinfo=UTC))
        await awaited.tell(batch(early, paid({"n": 1}, NOW), paid({"n": 2}, NOW)))
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
