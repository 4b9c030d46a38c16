"""What the scheduler's rounds put away."""

from datetime import timedelta
from uuid import uuid4

from services.scheduler import keep_house
from services.scheduler.settings import SchedulerSettings
from shared.db.idempotency import hold_key
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import HeldKey
from tests.support.house import settings_of
from tests.support.works import open_works

HOURS = (0, 23, 24, 25, 26, 100)


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
