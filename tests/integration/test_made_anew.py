"""A source topic that was made anew counts from 0 again: what comes there then is no echo."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest_asyncio
from pydantic import SecretStr

from services.trigger_ingest.accept import Accepted, accept, read_records
from shared.bus.protocol import Received
from shared.db.intake import ensure_days
from shared.db.pool import Pool, open_pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.runtime.settings import PostgresSettings
from shared.wire.intake import EventLimits
from tests.support.eventually import eventually
from tests.support.house import count, open_house
from tests.support.works import NOTE, all_ended, workflow

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
TOPIC = "turnout.events"
MADE_ANEW = """
    WITH topic AS (SELECT topic_id FROM bus_topics WHERE name = 'turnout.events'),
    emptied AS (DELETE FROM bus_records AS r USING topic AS t WHERE r.topic_id = t.topic_id),
    back AS (
        UPDATE bus_positions AS p SET position = 0 FROM topic AS t WHERE p.topic_id = t.topic_id
    )
    UPDATE bus_partitions AS p SET next_offset = 0 FROM topic AS t WHERE p.topic_id = t.topic_id
"""
"""As a topic of the local bus is after it was deleted and created again."""


def record(payload: Any, *, offset: int = 5, at: datetime = NOW, **fields: Any) -> Received:
    """A record at a place of the source topic."""
    value = orjson.dumps({"event": "tick", "payload": payload, **fields})
    return Received(TOPIC, 0, offset, None, value, (), at)


@pytest_asyncio.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """The database."""
    async with open_pool(PostgresSettings(dsn=SecretStr(database))) as opened:
        yield opened


async def taken(pool: Pool, *records: Received) -> Accepted:
    """What a batch of these comes to."""
    candidates, dead = read_records(
        records, limits=EventLimits(), default_environment=DEFAULT_ENVIRONMENT, now=NOW
    )
    assert dead == []
    async with pool.acquire() as conn:
        await ensure_days(conn, NOW.date(), NOW.date())
        return await accept(conn, candidates)


def passed(accepted: Accepted) -> list[Any]:
    """The payloads of what is passed on."""
    return [orjson.loads(c.arrival.record)["data"] for c in accepted.passed_on]


async def flagged(pool: Pool) -> list[Any]:
    """The payloads of what was kept apart."""
    rows = await pool.fetch("SELECT record FROM event_conflicts ORDER BY origin")
    return [orjson.loads(row["record"])["data"] for row in rows]


async def test_another_record_at_a_place_is_told(pool: Pool) -> None:
    """What was archived there is passed on once more, in its own order; the other is kept apart."""
    await taken(pool, record(1, subject="a"))
    accepted = await taken(pool, record(2, subject="b", at=LATER), record(3, offset=6))
    assert passed(accepted) == [1, 3]
    assert [c.event.ordering_key for c in accepted.passed_on] == ["a", f"{TOPIC}/0@6"]
    assert accepted.redelivered == {DEFAULT_ENVIRONMENT: 1}
    (letter,) = accepted.dead
    assert (letter.reason, letter.offset) == ("EVENT_CONFLICT", 5)
    assert orjson.loads(letter.value or b"")["payload"] == 2
    assert "made anew" in letter.detail
    assert await flagged(pool) == [2]


async def test_a_record_without_an_id_is_another_though_it_says_the_same(pool: Pool) -> None:
    """It is told by when it was published; with an id it says the same event again."""
    unnamed: dict[str, Any] = {}
    for named in (unnamed, {"id": "e1"}):
        await taken(pool, record("same", **named))
        accepted = await taken(pool, record("same", at=LATER, **named))
        assert passed(accepted) == ["same"]
        assert len(accepted.dead) == (0 if named else 1)
    assert await flagged(pool) == ["same"]


async def test_a_record_read_again_is_no_conflict(pool: Pool) -> None:
    """With an id or without, it is passed on as it was archived."""
    batch = (record(1), record(2, offset=6, id="e1"))
    await taken(pool, *batch)
    accepted = await taken(pool, *batch)
    assert passed(accepted) == [1, 2]
    assert accepted.redelivered == {DEFAULT_ENVIRONMENT: 2}
    assert (accepted.dead, await flagged(pool)) == ([], [])


async def test_what_an_older_turnout_archived_is_known_again(pool: Pool) -> None:
    """Its hash does not tell when a record without an id was published."""
    older = "\\x2ff24d0cccc7129af7e2391862f0bfdf"
    await taken(pool, record(1))
    await pool.execute(f"UPDATE event_keys SET body_hash = '{older}'")
    accepted = await taken(pool, record(1))
    assert (passed(accepted), accepted.dead) == ([1], [])
    assert len((await taken(pool, record(2))).dead) == 1


async def test_of_a_place_that_is_no_longer_archived_nothing_else_is_passed_on(pool: Pool) -> None:
    """The other record must not go on under the key of the first; the same one may."""
    await taken(pool, record(1), record(2, offset=6))
    await pool.execute("DELETE FROM events")
    accepted = await taken(pool, record(7, at=LATER), record(2, offset=6))
    assert passed(accepted) == [2]
    assert accepted.redelivered == {DEFAULT_ENVIRONMENT: 1}
    assert [letter.offset for letter in accepted.dead] == [5]
    assert await flagged(pool) == [7]


async def test_what_comes_after_a_topic_was_made_anew_is_a_dead_letter(database: str) -> None:
    """It starts nothing, and is not passed over in silence: tried again, it would be new."""
    async with open_house(database, member="one") as house:
        await house.register({**workflow(NOTE), "triggers": [{"event_name": "tick"}]})
        await house.publish(record(1).value, key=b"k")
        await all_ended(house.platform.pool, 1)
        await eventually(lambda: "completed" in house.phases())
    async with open_pool(PostgresSettings(dsn=SecretStr(database))) as opened:
        await opened.execute(MADE_ANEW)
    async with open_house(database, member="one") as house:
        await house.publish(record(2).value, key=b"k")
        await eventually(lambda: bool(house.letters()))
        assert [letter["reason"] for letter in house.letters()] == ["EVENT_CONFLICT"]
        assert await count(house.platform.pool, "event_conflicts") == 1
        await house.publish(record(2).value, key=b"k")
        await all_ended(house.platform.pool, 2)
