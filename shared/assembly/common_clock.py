"""One time of day for all processes: Postgres' own, carried on by each machine's stopwatch.

When something is due is written by one process and read by another, or by the same one later on. A
machine's wall clock may be wrong, and may jump; a sleep that was measured by two such clocks would
end early, or hours late. So Postgres is asked what time it is, now and then, and in between the
time goes on as the monotonic clock does, which never jumps.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from shared.db.pool import Pool, translated
from shared.domain.errors import Unavailable
from shared.runtime.clock import SystemClock
from shared.runtime.roles import heed_cancellation
from shared.runtime.sql import statements

EVERY_S: Final = 30.0
WORTH_TELLING_S: Final = 1.0
_SQL: Final = statements(Path(__file__).with_name("queries"))

log = structlog.get_logger(__name__)


class CommonClock(SystemClock):
    """Until it is set for the first time it goes on from the machine's time."""

    def __init__(self) -> None:
        self._began_s = datetime.now(UTC).timestamp() - time.monotonic()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._began_s + time.monotonic(), UTC)

    async def set(self, pool: Pool) -> None:
        """Set it by Postgres' clock, as far as it is certainly wrong. Raises Unavailable.

        Postgres looked at its clock after it was asked and before its answer was here: a time in
        between is right, and one outside is moved to the nearer of the two.
        """
        with translated():
            async with pool.acquire() as conn:
                asked_s = self.monotonic()
                theirs: datetime = await conn.fetchval(_SQL["get_time"])
                answered_s = self.monotonic()
        before_s, began_s = self._began_s, theirs.timestamp()
        self._began_s = min(max(before_s, began_s - answered_s), began_s - asked_s)
        if abs(moved_s := self._began_s - before_s) > WORTH_TELLING_S:
            log.warning("clock_set", moved_s=round(moved_s, 3))

    async def keep(self, pool: Pool) -> None:
        """Set it again and again, until cancelled; while Postgres is away it goes on by itself."""
        while True:
            await self.sleep(EVERY_S)
            try:
                await self.set(pool)
            except Unavailable:
                heed_cancellation()
