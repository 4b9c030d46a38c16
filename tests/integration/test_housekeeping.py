"""What the scheduler's rounds put away."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import uuid4

from services.scheduler import keep_house
from services.scheduler.settings import SchedulerSettings
from shared.db.idempotency import hold_key
from shared.db.intake import Arrival, archive, ensure_days
from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey
from shared.domain.principals import HeldKey
from tests.support.house import settings_of
from tests.support.works import open_works, until

HOURS = (0, 23, 24, 25, 26, 100)
HELD_UP = "SELECT count(*) FROM pg_locks WHERE relation = 'events'::regclass AND NOT granted"


async def test_answers_are_forgotten_after_a_day(database: str) -> None:
    """All that are older, in one round; those that may be asked for again stay."""
    settings = SchedulerSettings(**settings_of(database))
    async with open_works(database) as works:
        now = works.platform.clock.now()
        async with works.pool.acquire() as conn:
            for n, hours in enumerate(HOURS):
                held = HeldKey(
                    environment_id=DEFAULT_ENVIRONMENT, key=bytes([n]) * 32, holder=uuid4()
                )
                at = now - timedelta(hours=hours)
                assert await hold_key(conn, held, bytes(32), at)
        await keep_house.one_round(works.platform, settings)
        kept = await works.pool.fetch("SELECT held_at FROM idempotency_keys ORDER BY held_at")
        assert [now - row["held_at"] for row in kept] == [timedelta(hours=23), timedelta()]


async def test_whoever_reads_the_archive_as_the_day_turns_stops_nobody(database: str) -> None:
    """A dump may take its time: days are made, events come in, and what is old goes afterwards."""
    settings = SchedulerSettings(**settings_of(database))
    async with open_works(database) as works:
        now = works.platform.clock.now()
        old = now.date() - timedelta(days=settings.events_kept_days + 1)
        ahead = [now.date() + timedelta(days=n) for n in range(keep_house.DAYS_AHEAD + 1)]
        async with works.pool.acquire() as conn:
            await ensure_days(conn, old, old)
        async with works.pool.acquire() as reader, reader.transaction():
            await reader.execute("SELECT count(*) FROM events")
            turning = asyncio.create_task(keep_house.one_round(works.platform, settings))
            await until(works.pool, HELD_UP, 1)
            await _arrive(works.pool, now)
            await turning
            assert await _days(works.pool) == [old, *ahead]
        await keep_house.one_round(works.platform, settings)
        assert await _days(works.pool) == ahead


async def _arrive(pool: Pool, now: datetime) -> None:
    """Archive an event as ingest does, which waits far longer than anybody may let it wait."""
    arrival = Arrival(
        key=EventKey(uuid4()),
        environment_id=DEFAULT_ENVIRONMENT,
        type="go",
        received_at=now,
        record=b"{}",
        body_hash=bytes(32),
        origin="test/0@0",
    )
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL lock_timeout = '20s'")
        assert await archive(conn, [arrival]) == {arrival.key: None}


async def _days(pool: Pool) -> list[date]:
    rows = await pool.fetch(
        "SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') AS day FROM pg_inherits"
        " WHERE inhparent = 'events'::regclass ORDER BY day"
    )
    return [row["day"] for row in rows]
