"""A history of up to millions of executions, laid down by SQL: what searches are measured over."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from shared.db.intake import ensure_days
from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.outcomes import ErrorKind, StepError
from shared.runtime.sql import statements
from shared.wire.errors import error_data
from tests.benchmarks.events import event_record

WORKFLOWS: Final = 20
DAYS: Final = 30

_AT_ONCE: Final = 50_000
_WITHIN_S: Final = 600.0
_SQL = statements(Path(__file__).parent / "queries")


async def fill(pool: Pool, count: int, now: datetime) -> None:
    """Lay down ``count`` executions and their events, of the 30 days before ``now``.

    They are of the default environment and of 20 workflows, all like the one that is registered.
    """
    async with pool.acquire() as conn:
        await ensure_days(conn, (now - timedelta(days=DAYS)).date(), now.date())
        await conn.execute(_SQL["fill_workflows"], WORKFLOWS, now)
        for first, last in _parts(count):
            await conn.execute(
                _SQL["fill_history"],
                *(first, last, count, now, DEFAULT_ENVIRONMENT, WORKFLOWS, _record(), _error()),
                timeout=_WITHIN_S,
            )
        await conn.execute("VACUUM (ANALYZE)", timeout=_WITHIN_S)


def workflow_id(number: int) -> UUID:
    """One of the workflows, by a number below ``WORKFLOWS``."""
    return UUID(md5(f"workflow-{number}".encode(), usedforsecurity=False).hexdigest())


def execution_id(number: int) -> UUID:
    """One of the executions, by a number from 1 on; the first is the latest."""
    return UUID(md5(f"execution-{number}".encode(), usedforsecurity=False).hexdigest())


def event_key(number: int) -> UUID:
    """The key of the event that started it."""
    return UUID(md5(f"event-{number}".encode(), usedforsecurity=False).hexdigest())


def _parts(count: int) -> Iterator[tuple[int, int]]:
    for first in range(1, count + 1, _AT_ONCE):
        yield first, min(first + _AT_ONCE - 1, count)


def _error() -> str:
    error = StepError(kind=ErrorKind.TIMEOUT, message="It took too long.", retryable=True)
    return orjson.dumps(error_data(error)).decode()


def _record() -> str:
    """An event as the archive has it, with marks for what is its own."""
    payload: dict[str, Any] = orjson.loads(event_record("<number>"))["payload"]
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": "<key>",
            "source": "/benchmark",
            "type": "<type>",
            "time": "<at>",
            "datacontenttype": "application/json",
            "environmentid": str(DEFAULT_ENVIRONMENT),
            "turnoutkey": "<key>",
            "receivedat": "<at>",
            "data": payload,
        }
    ).decode()
