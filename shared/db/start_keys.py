"""What was asked with keys that name executions, so that a key is not used for something else."""

from datetime import datetime
from pathlib import Path

from shared.db.pool import Connection
from shared.domain.ids import ExecutionId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "start_keys")


async def claim_key(
    conn: Connection, execution_id: ExecutionId, asked: bytes, now: datetime
) -> bool:
    """Whether an execution's key was used for nothing but ``asked``, the digest of a request."""
    if await conn.fetchval(_SQL["claim"], execution_id, asked, now) is not None:
        return True
    earlier: bytes | None = await conn.fetchval(_SQL["find"], execution_id)
    return earlier in (None, asked)


async def is_claimed(conn: Connection, execution_id: ExecutionId) -> bool:
    """Whether anything was asked with an execution's key."""
    return await conn.fetchval(_SQL["find"], execution_id) is not None


async def forget_keys(conn: Connection, before: datetime) -> None:
    """Forget what was asked before a time."""
    await conn.execute(_SQL["forget"], before)
