"""Brings a database to the schema this program needs (docs/adr/0003-migrations.md).

A migration is a file ``migrations/<day>_<from>_up_<to>.sql``; the first is from ``initial``. Which
are applied stands in the table ``schema_history.migrations`` of the database itself.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from asyncpg_trek import Direction, execute, plan
from asyncpg_trek.asyncpg import AsyncpgBackend

from shared.db.pool import CLOSE_WITHIN_S, CONNECT_WITHIN_S, UNREACHABLE, translated, unreachable
from shared.domain.errors import Conflict, Rejected
from shared.runtime.sql import statements

SQL = statements(Path(__file__).with_name("queries") / "schema")
MIGRATIONS = Path(__file__).with_name("migrations")
HISTORY_SCHEMA = "schema_history"
LOCK_KEY = 0x7475726E6F7574  # "turnout": the same number in every process that migrates
WITHIN_S = 600
LOCK_WAIT_MS = 2_000
AGAIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The revision a database is at (None: empty) and those it lacks, oldest first."""

    current: str | None
    pending: tuple[str, ...]


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing, all or nothing; the applied revisions, oldest first.

    Any number of processes may call it at once: one works, the others wait and find nothing to do.
    Programs of the version before may be at work: where one holds what is to be changed, it is let
    pass, for whoever came after would wait behind us. Raises Conflict when the database is newer
    than this program, Rejected when its user may not do what is to be done, Unavailable when
    Postgres does not answer or the work takes more than ten minutes.
    """
    async with _connected(dsn) as conn:
        await conn.execute(SQL["lock_schema"], LOCK_KEY)
        missing = revisions_after(await _current(conn))
        if missing:
            await conn.execute(SQL["limit_lock_wait"], str(LOCK_WAIT_MS))
            while not await _reached(conn, missing[-1]):  # noqa: ASYNC110 - others hold a lock
                await asyncio.sleep(AGAIN_S)
    return list(missing)


async def status(dsn: str) -> Status:
    """What ``migrate`` would find, within 10 s; changes nothing. Raises as it does."""
    async with _connected(dsn, within_s=CONNECT_WITHIN_S) as conn:
        current = await _current(conn)
    return Status(current=current, pending=revisions_after(current))


def revisions_after(current: str | None) -> tuple[str, ...]:
    """The revisions this program knows beyond ``current``, oldest first; Conflict if it is not."""
    known = sorted(file.stem.rpartition("_")[2] for file in MIGRATIONS.glob("*.sql"))
    if current is not None and current not in known:
        raise Conflict(
            f"The database is at revision {current}; this program knows none newer than"
            f" {known[-1]}. Run the newer program, or use another database."
        )
    return tuple(revision for revision in known if current is None or revision > current)


def spanned(revisions: Sequence[str]) -> str:
    """Revisions that follow on each other, in words: the one, or the first and the last."""
    first, last = revisions[0], revisions[-1]
    return first if first == last else f"{first} to {last}"


async def _reached(conn: "asyncpg.Connection[asyncpg.Record]", revision: str) -> bool:
    """Apply all up to ``revision``; False, with nothing changed, where others hold a lock."""
    backend = AsyncpgBackend(conn, schema=HISTORY_SCHEMA)
    try:
        await execute(backend, await plan(backend, MIGRATIONS, revision, Direction.up))
    except asyncpg.LockNotAvailableError:
        return False
    except asyncpg.InsufficientPrivilegeError as fault:
        raise Rejected(f"The database cannot be brought up to date: {fault}") from None
    return True


async def _current(conn: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    try:
        async with AsyncpgBackend(conn, schema=HISTORY_SCHEMA).connect() as history:
            return await history.get_current_revision()
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None
    except asyncpg.InsufficientPrivilegeError:
        raise Rejected(
            "The user of the database may not read which migrations it has. Let a superuser GRANT"
            " turnout_engine, turnout_tenant TO that user (docs/OPERATING.md, Database users)."
        ) from None


@asynccontextmanager
async def _connected(
    dsn: str, *, within_s: float = WITHIN_S
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    try:
        conn = await asyncpg.connect(dsn, timeout=CONNECT_WITHIN_S)
    except UNREACHABLE as fault:
        raise unreachable(fault) from None  # as in the pool
    try:
        with translated():
            async with asyncio.timeout(within_s):
                yield conn
    finally:
        await conn.close(timeout=CLOSE_WITHIN_S)
