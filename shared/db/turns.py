"""Executions that run by turns: of those with the same key only so many run at a time.

Turns of one key are given one transaction at a time, to those that have waited longest. Whoever
gives a turn to another execution tells it so afterwards; what a crash keeps from being told, or
from being given back, ``list_stuck`` finds.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from shared.db.pool import Connection
from shared.domain.ids import ExecutionId, WorkflowId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "turns")


class Asking(NamedTuple):
    """An execution that is to run beside at most ``most - 1`` others of its key."""

    execution_id: ExecutionId
    workflow_id: WorkflowId
    key: bytes
    most: int


class Stuck(NamedTuple):
    """An execution that has a turn, and has ended or has not heard of it."""

    execution_id: ExecutionId
    is_over: bool


async def ask_turn(conn: Connection, asking: Asking, now: datetime) -> list[ExecutionId]:
    """Ask for a turn; asked again it changes nothing. Needs a transaction.

    Gives the executions that may run from now on, the one that asks and others among them.
    """
    id_, workflow_id, key, most = asking
    await conn.execute(_SQL["lock_key"], workflow_id, key)
    await conn.execute(_SQL["add_turn"], id_, workflow_id, key, most, now)
    return await _grant(conn, workflow_id, key, now)


async def end_turn(conn: Connection, execution_id: ExecutionId, now: datetime) -> list[ExecutionId]:
    """Give back the turn of an execution, or its place; needs a transaction.

    Gives the executions that may run from now on.
    """
    row = await conn.fetchrow(_SQL["find_turn"], execution_id)
    if row is None:
        return []
    workflow_id, key = WorkflowId(row["workflow_id"]), row["key"]
    await conn.execute(_SQL["lock_key"], workflow_id, key)
    await conn.execute(_SQL["end_turn"], execution_id)
    return await _grant(conn, workflow_id, key, now)


async def has_turn(conn: Connection, execution_id: ExecutionId) -> bool:
    """Whether an execution has been given its turn."""
    row = await conn.fetchrow(_SQL["find_turn"], execution_id)
    return row is not None and row["granted_at"] is not None


async def list_stuck(conn: Connection, before: datetime, *, limit: int) -> list[Stuck]:
    """The turns given before a time that nobody gave back, or that nobody knows of."""
    rows = await conn.fetch(_SQL["list_stuck"], before, limit)
    return [Stuck(ExecutionId(row["execution_id"]), row["is_over"]) for row in rows]


async def renew_turns(conn: Connection, ids: Sequence[ExecutionId], now: datetime) -> None:
    """Count turns as given now, since their executions are told so once more."""
    await conn.execute(_SQL["renew_turns"], ids, now)


async def _grant(
    conn: Connection, workflow_id: WorkflowId, key: bytes, now: datetime
) -> list[ExecutionId]:
    rows = await conn.fetch(_SQL["grant_turns"], workflow_id, key, now)
    return [ExecutionId(row["execution_id"]) for row in rows]
