"""One id used again: in another environment, on another topic, after its key was forgotten."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import pytest

from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.scheduler import keep_house
from services.scheduler.settings import SchedulerSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.platform import Platform
from shared.bus.protocol import Record
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.runtime.clock import SystemClock
from tests.support.eventually import eventually
from tests.support.house import count, settings_of
from tests.support.postgres import execute
from tests.support.works import (
    NOTE,
    Roles,
    Works,
    all_ended,
    check_history,
    open_works,
    until,
    workflow,
)

OTHER: Final = UUID("a0000000-0000-4000-8000-000000000000")
SOURCES: Final = ("turnout.events", "turnout.more")
FLOW: Final = workflow(NOTE)
PAST_ITS_TIME: Final = timedelta(days=32)
"""Longer than events, and their keys, are kept unless it is set."""

_READ: Final = """
    SELECT (SELECT sum(next_offset) FROM bus_partitions JOIN bus_topics USING (topic_id)
            WHERE name = ANY ('{{{0}}}'))
        = (SELECT sum(position) FROM bus_positions JOIN bus_topics USING (topic_id)
            WHERE name = ANY ('{{{0}}}') AND group_name = 'turnout.{1}')
"""
_TAKEN_IN: Final = """
    SELECT (SELECT sum(consumed_offset) FROM partition_owners)
        = (SELECT sum(next_offset) FROM bus_partitions JOIN bus_topics USING (topic_id)
            WHERE name = 'turnout.commands')
"""
_FROM_THE_BEGINNING: Final = """
    UPDATE bus_positions AS p SET position = 0 FROM bus_topics AS t
    WHERE p.topic_id = t.topic_id AND group_name = 'turnout.trigger-ingest'
"""


class Later(SystemClock):
    """The machine's clock, and ``by`` more."""

    by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.by


@dataclass
class Whole:
    """Every role that an event meets on its way, and their clock."""

    works: Works
    clock: Later

    async def send(self, id_: str | None, n: int = 0, *, to: str = SOURCES[0], **more: Any) -> None:
        """Publish an event to a source topic; without an id it is named by its place."""
        event = {"event": "go", "payload": {"n": n}, **({"id": id_} if id_ else {}), **more}
        await self.works.platform.bus.publish([Record(to, None, orjson.dumps(event))])

    async def settled(self) -> None:
        """Return when all that was sent is decided on, and what it starts has ended."""
        pool = self.works.pool
        await until(pool, _READ.format(",".join(SOURCES), "trigger-ingest"))
        await until(pool, _READ.format("turnout.triggers", "matcher"))
        await until(pool, _TAKEN_IN)
        await all_ended(pool, await count(pool, "executions"))

    async def forget(self) -> None:
        """Keep house once all that was sent so far is past its time."""
        self.clock.by = PAST_ITS_TIME
        # What the bus keeps is another matter: a topic of Kafka may keep records for longer.
        given = settings_of("postgresql://unused", bus_kept_hours=24 * 365)
        await keep_house.one_round(self.works.platform, SchedulerSettings(**given))
        assert await count(self.works.pool, "event_keys") == 0
        assert await count(self.works.pool, "events") == 0

    async def started(self) -> Counter[tuple[UUID, UUID]]:
        """How many executions there are, by environment and workflow."""
        rows = await self.works.pool.fetch("SELECT environment_id, workflow_id FROM executions")
        return Counter((row["environment_id"], row["workflow_id"]) for row in rows)


@asynccontextmanager
async def open_whole(dsn: str) -> AsyncIterator[Whole]:
    """Ingest of two source topics, matcher and executor, on a clock that can be moved."""
    clock = Later()

    def before(platform: Platform) -> Roles:
        given = settings_of(dsn, member="one", source_topics=SOURCES)
        return (
            ("trigger-ingest", trigger_ingest(platform, IngestSettings(**given))),
            ("matcher", matcher(platform, MatcherSettings(**given))),
        )

    async with open_works(dsn, before=before, clock=clock, source_topics=SOURCES) as works:
        yield Whole(works, clock)
        await check_history(works)


async def test_one_id_in_two_environments_starts_one_execution_in_each(database: str) -> None:
    """However often it comes to either; with the same body or another, it is no conflict."""
    async with open_whole(database) as whole:
        here = await whole.works.register(FLOW)
        there = await whole.works.register(FLOW, environment_id=OTHER)
        for _ in range(3):
            await whole.send("same", source="/s")
            await whole.send("same", source="/s", environment_id=str(OTHER))
            await whole.send("like", source="/s", n=1)
            await whole.send("like", source="/s", n=2, environment_id=str(OTHER))
        await whole.settled()
        assert await whole.started() == {
            (here.environment_id, here.id): 2,
            (there.environment_id, there.id): 2,
        }
        pool = whole.works.pool
        assert await count(pool, "event_keys") == await count(pool, "events") == 4
        assert whole.works.metric("turnout_events_duplicate_total") == 8
        assert await count(pool, "event_conflicts") == 0


async def test_one_id_on_two_topics_is_one_event_where_it_names_its_source(database: str) -> None:
    """Without a source, the topic is the source: two events. Another body is a conflict."""
    async with open_whole(database) as whole:
        flow = await whole.works.register(FLOW)
        for to in SOURCES * 2:
            await whole.send("named", to=to, source="/s")
            await whole.send("unnamed", to=to)
        await whole.settled()
        assert await whole.started() == {(flow.environment_id, flow.id): 3}
        assert whole.works.metric("turnout_events_duplicate_total") == 5
        await whole.send("named", 1, to=SOURCES[1], source="/s")
        await whole.settled()
        assert await count(whole.works.pool, "event_conflicts") == 1
        assert await whole.started() == {(flow.environment_id, flow.id): 3}


@pytest.mark.parametrize("n", [0, 1], ids=["same", "other body"])
async def test_an_id_whose_key_was_forgotten_is_archived_anew(database: str, n: int) -> None:
    """It starts what it has not started before, and nothing once more, whatever it says."""
    async with open_whole(database) as whole:
        old = await whole.works.register(FLOW)
        await whole.send("e", source="/s")
        await whole.settled()
        await whole.forget()
        new = await whole.works.register(FLOW)
        await two_live(whole)
        for _ in range(2):
            await whole.send("e", n, source="/s")
        await whole.settled()
        here = old.environment_id
        assert await whole.started() == {(here, old.id): 1, (here, new.id): 1}
        assert whole.works.metric("turnout_start_commands_repeated_total") == 1
        # From now on it is known again.
        assert await count(whole.works.pool, "event_keys") == 1
        assert whole.works.metric("turnout_events_duplicate_total") == 1
        assert await count(whole.works.pool, "event_conflicts") == 0


@pytest.mark.parametrize("is_forgotten", [False, True], ids=["within", "after"])
async def test_topics_that_are_read_from_the_beginning_start_nothing_twice(
    database: str, *, is_forgotten: bool
) -> None:
    """Neither with an id nor without, nor repeated; also when no key is known any more."""
    async with open_whole(database) as whole:
        flow = await whole.works.register(FLOW)
        for number in range(20):
            await whole.send(f"e{number}", number, to=SOURCES[number % 2])
            await whole.send(f"e{number}", number, to=SOURCES[number % 2])
            await whole.send(None, number)
        await whole.settled()
        before = await whole.works.pool.fetch("SELECT id FROM executions ORDER BY id")
        assert len(before) == 40
        if is_forgotten:
            await whole.forget()
    await execute(database, _FROM_THE_BEGINNING)
    async with open_whole(database) as whole:
        if is_forgotten:
            whole.clock.by = PAST_ITS_TIME
        await whole.settled()
        assert await whole.works.pool.fetch("SELECT id FROM executions ORDER BY id") == before
        assert await whole.started() == {(flow.environment_id, flow.id): 40}
        assert whole.works.metric("turnout_start_commands_repeated_total") == 40
        assert whole.works.metric("turnout_events_duplicate_total") == 20
        redelivered = whole.works.metric("turnout_events_redelivered_total")
        assert redelivered == (0 if is_forgotten else 40)
        assert whole.works.metric("turnout_ingest_dead_letters_total") == 0
        assert flow.environment_id == DEFAULT_ENVIRONMENT


async def test_topics_that_are_read_from_the_beginning_are_decided_on_anew(database: str) -> None:
    """What came to be since is started by what was sent before, once; what was there is not."""
    async with open_whole(database) as whole:
        old = await whole.works.register(FLOW)
        for number in range(5):
            await whole.send(f"e{number}", number)
        await whole.settled()
    new = None
    for _ in range(2):
        await execute(database, _FROM_THE_BEGINNING)
        async with open_whole(database) as whole:
            new = new or await whole.works.register(FLOW)
            await two_live(whole)
            await whole.settled()
            here = old.environment_id
            assert await whole.started() == {(here, old.id): 5, (here, new.id): 5}


async def two_live(whole: Whole) -> None:
    """Return when the matcher knows two workflows."""
    await eventually(lambda: whole.works.metric("turnout_workflows_live") == 2)
