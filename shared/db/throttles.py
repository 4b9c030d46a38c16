"""How often actions are called: windows of a length, each with room for so many calls.

A window begins with the first call after the last one has ended, as in @nestjs/throttler; a call
that finds it full gets a place in the next one. So calls are served in the order in which they
ask, and each asks once.
"""

from datetime import datetime, timedelta
from pathlib import Path

from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "throttles")


async def reserve(
    conn: Connection,
    environment_id: EnvironmentId,
    action: str,
    key: bytes,
    *,
    limit: int,
    ttl: timedelta,
    now: datetime,
) -> datetime:
    """Reserve a place for one call; gives the end of its window, which began ``ttl`` before."""
    ends_at: datetime = await conn.fetchval(
        _SQL["reserve"], environment_id, action, key, now, ttl, limit
    )
    return ends_at


async def forget_windows(conn: Connection, before: datetime) -> None:
    """Forget the windows that ended before a time."""
    await conn.execute(_SQL["forget"], before)
