"""How often workflows were decided on: counted by matchers, kept by the day, forgotten in time."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.matcher import counts as counting
from services.matcher.counts import Counts
from services.scheduler import keep_house
from services.scheduler.settings import SchedulerSettings
from shared.assembly.platform import open_platform
from shared.db.decision_counts import Arrived, Decided, add_decisions, add_events
from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, WorkflowId
from shared.matching.decisions import Decision, Reason
from tests.support.eventually import eventually
from tests.support.house import open_house, settings_of
from tests.support.metrics import total
from tests.support.works import NOTE, until, workflow
from tests.unit.matching.build import AT, event

LATER = timedelta(seconds=1)


async def rows(pool: Pool, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """What is in a table, in order."""
    listed = ", ".join(columns)
    return [tuple(r) for r in await pool.fetch(f"SELECT {listed} FROM {table} ORDER BY {listed}")]


async def test_a_matcher_counts_what_it_decides(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By workflow, reason and name of a trigger, with the last event; what it rules out is not."""
    monkeypatch.setattr(counting, "KEPT_EVERY_S", 0.1)
    async with open_house(database) as house:
        pool = house.platform.pool
        more = {"filters": {"payload.n": {"~gte": 2}}, "run_if": "payload.n != 3"}
        flow = await house.register({**workflow(NOTE), **more})
        await house.register(
            {**workflow(NOTE), "triggers": [{"event_name": "g*"}], "run_if": "payload.none"}
        )
        await house.register({**workflow(NOTE), "triggers": [{"event_name": "absent"}]})
        registry = house.platform.registry
        await eventually(lambda: registry.get_sample_value("turnout_workflows_live") == 3)
        for n in (1, 2, 3, 4, 3):
            await house.send("go", {"n": n})
        await house.send("nobody", {})
        await until(pool, "SELECT count(*) FROM events", 6)
        await until(pool, "SELECT coalesce(sum(events), 0)::int FROM trigger_counts", 10)
        assert await rows(pool, "trigger_counts", "event_name", "events") == [("g*", 5), ("go", 5)]
        counted = await rows(pool, "decision_counts", "workflow_id", "reason", "decisions")
        assert counted == [(flow.id, "MATCHED", 2), (flow.id, "RUN_IF_FALSE", 2)]
        sample = "SELECT e.record -> 'data' ->> 'n' FROM decision_counts AS c JOIN events AS e"
        sample += " ON e.key = c.event_key WHERE c.reason = 'MATCHED'"
        assert await pool.fetchval(sample) in {"2", "4"}


async def test_a_matcher_writes_its_counts_when_it_stops(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has decided until then is there after it has ended in good order."""
    monkeypatch.setattr(counting, "KEPT_EVERY_S", 1_000.0)
    async with open_house(database) as house:
        await house.register(workflow(NOTE))
        registry = house.platform.registry
        await eventually(lambda: registry.get_sample_value("turnout_workflows_live") == 1)
        await house.send("go", {})
        await eventually(lambda: total(registry, "turnout_events_matched_total") == 1)
        assert await rows(house.platform.pool, "decision_counts", "decisions") == []
    async with open_platform(SchedulerSettings(**settings_of(database))) as platform:
        assert await rows(platform.pool, "decision_counts", "reason", "decisions") == [
            ("MATCHED", 1)
        ]
        assert await rows(platform.pool, "trigger_counts", "event_name", "events") == [("go", 1)]


def decision(number: int, reason: Reason = Reason.FILTER_FALSE) -> Decision:
    """A decision on a workflow with this number."""
    return Decision(workflow_id=WorkflowId(UUID(int=number)), workflow_version=1, reason=reason)


async def test_several_may_add_at_once(pool: Pool) -> None:
    """Nothing is lost, and nobody waits for ever, however two write the same rows."""
    made = [Counts(pool) for _ in range(4)]
    for number, counts in enumerate(made):
        order = range(1, 4_001) if number % 2 else range(4_000, 0, -1)
        counts.add(event(), ["b", "a"] if number % 2 else ["a", "b"], [decision(n) for n in order])
    async with asyncio.timeout(30):
        await asyncio.gather(*(counts.write() for counts in made))
        await asyncio.gather(*(counts.write() for counts in made))
    counted = await rows(pool, "decision_counts", "workflow_id", "decisions", "day", "event_key")
    assert counted == [(UUID(int=n), 4, AT.date(), event().key) for n in range(1, 4_001)]
    assert await rows(pool, "trigger_counts", "event_name", "events") == [("a", 4), ("b", 4)]


async def test_the_sample_is_the_last_event(pool: Pool) -> None:
    """Of those written at once, and whichever of two matchers writes first."""
    first, last = event(), replace(event(), key=EventKey(uuid4()), received_at=AT + LATER)
    made = [Counts(pool) for _ in range(2)]
    for each in (first, last):
        made[0].add(each, [], [decision(1)])
    made[1].add(first, [], [decision(1)])
    for counts in made:
        await counts.write()
    assert await rows(pool, "decision_counts", "decisions", "event_key", "event_at") == [
        (3, last.key, last.received_at)
    ]


async def test_what_is_counted_is_bounded(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many keys decisions are not counted, those that are known still are."""
    monkeypatch.setattr(counting, "KEYS_MAX", 3)
    counts = Counts(pool)
    for _ in range(2):
        counts.add(event(), [], [decision(n) for n in range(1, 6)])
    await counts.write()
    counts.add(event(), [], [decision(5)])
    await counts.write()
    counted = await rows(pool, "decision_counts", "workflow_id", "decisions")
    assert [(who.int, n) for who, n in counted] == [(1, 2), (2, 2), (3, 2), (5, 1)]


async def test_without_a_database_matching_goes_on(database: str) -> None:
    """Counts that cannot be written are dropped, and nothing is raised."""
    async with open_platform(SchedulerSettings(**settings_of(database))) as platform:
        counts = Counts(platform.pool)
        counts.add(event(), ["a"], [decision(1)])
        async with platform.pool.acquire() as conn, conn.transaction():
            await conn.execute("LOCK TABLE decision_counts")
            name = await platform.pool.fetchval("SELECT current_database()")
            await platform.pool.execute(f"ALTER DATABASE {name} SET lock_timeout = '100ms'")
            await platform.pool.expire_connections()
            await counts.write()
        await counts.write()
        assert await rows(platform.pool, "decision_counts", "decisions") == []
        counts.add(event(), ["a"], [decision(1)])
        await counts.write()
        assert await rows(platform.pool, "decision_counts", "decisions") == [(1,)]


async def test_counts_are_kept_as_long_as_the_archive(database: str) -> None:
    """Days that the archive has dropped are forgotten."""
    settings = SchedulerSettings(**settings_of(database))
    async with open_platform(settings) as platform:
        now = datetime.now(UTC)
        async with platform.pool.acquire() as conn:
            for days in (0, 30, 31, 100):
                at = now - timedelta(days=days)
                who = (DEFAULT_ENVIRONMENT, WorkflowId(uuid4()))
                await add_decisions(
                    conn, [Decided(*who, at.date(), "MATCHED", days + 1, EventKey(uuid4()), at)]
                )
                await add_events(conn, [Arrived(who[0], "go", at.date(), days + 1)])
        await keep_house.one_round(platform, settings)
        assert await rows(platform.pool, "decision_counts", "decisions") == [(1,), (31,)]
        assert await rows(platform.pool, "trigger_counts", "events") == [(1,), (31,)]
