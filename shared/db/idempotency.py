"""Requests that name themselves with a key, and what they were answered.

A request *holds* its key from before its change until its answer is kept. Its change writes down,
in its own transaction, that it was made: so a key's request changes things at most once, whatever
dies when.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import orjson

from shared.db.pool import Connection
from shared.domain.errors import Conflict
from shared.domain.principals import HeldKey
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

KEPT_FOR: Final = timedelta(hours=24)
"""After that a key is new again."""
SILENT_AFTER: Final = timedelta(seconds=60)
"""A request that has not been answered by then has died; unless it changed something, it may be
made again."""

_SQL = statements(Path(__file__).parent / "queries" / "idempotency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that is kept; without a ``body`` it told something that is told once."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The request that used a key before: its digest, what it changed first, and its answer."""

    asked: bytes
    held_at: datetime
    done: str | None
    answer: Answer | None


async def hold_key(conn: Connection, held: HeldKey, asked: bytes, now: datetime) -> bool:
    """Whether the request holds its key from now on; ``asked`` is the digest of what it says."""
    found = await conn.fetchval(
        _SQL["hold_key"],
        held.environment_id,
        held.key,
        asked,
        held.holder,
        now,
        now - KEPT_FOR,
        now - SILENT_AFTER,
    )
    return found is not None


async def find_key(conn: Connection, held: HeldKey) -> Earlier | None:
    """What is known of the request that has the key; None: it has just let go of it."""
    row = await conn.fetchrow(_SQL["find_key"], held.environment_id, held.key)
    if row is None:
        return None
    answer = None
    if row["status"] is not None:
        headers = orjson.loads(row["headers"])
        answer = Answer(status=row["status"], headers=headers, body=row["body"])
    return Earlier(asked=row["asked"], held_at=row["held_at"], done=row["done"], answer=answer)


async def mark_done(conn: Connection, held: HeldKey, target: str) -> None:
    """Write down what a request changes, in the transaction that changes it.

    Raises Conflict when it holds its key no more: another may have changed it meanwhile.
    """
    row = (held.environment_id, held.key, held.holder)
    if await conn.fetchval(_SQL["mark_done"], *row, target) is None:
        raise Conflict("The request took so long that its Idempotency-Key is another's by now.")


async def keep_answer(conn: Connection, held: HeldKey, answer: Answer) -> None:
    """Keep what a request was answered, if it holds its key still."""
    headers = dumps(dict(answer.headers)).decode()
    row = (held.environment_id, held.key, held.holder)
    await conn.execute(_SQL["keep_answer"], *row, answer.status, headers, answer.body)


async def let_go(conn: Connection, held: HeldKey) -> None:
    """Free the key of a request that failed, unless it has changed something."""
    await conn.execute(_SQL["let_go"], held.environment_id, held.key, held.holder)


async def forget_keys(conn: Connection, before: datetime, *, limit: int) -> int:
    """Forget up to ``limit`` keys that were taken before ``before``; gives how many."""
    return len(await conn.fetch(_SQL["forget_keys"], before, limit))
