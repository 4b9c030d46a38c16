"""Connections to Postgres, and what its faults mean to us."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.domain.errors import Unavailable
from shared.runtime.postgres_faults import PASSING, is_passing
from shared.runtime.settings import PostgresSettings

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

CONNECT_WITHIN_S = 10
CLOSE_WITHIN_S = 10
CHECK_WITHIN_S = 2

SESSION = {
    "application_name": "turnout",
    # A client whose machine vanished is noticed, and its locks freed, after 60 s.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "60s",
}

# What connecting may raise; ValueError: the address is none.
UNREACHABLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError)


@asynccontextmanager
async def open_pool(settings: PostgresSettings) -> AsyncIterator[Pool]:
    """At most ``settings.pool_max`` connections, closed at the end; one is open at once.

    json and jsonb come and go as text. A command that outlasts ``command_timeout_s`` is cancelled
    with TimeoutError. Raises Unavailable, without the password, when Postgres cannot be reached.
    """
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            pool = await asyncpg.create_pool(
                settings.dsn.get_secret_value(),
                min_size=1,
                max_size=settings.pool_max,
                timeout=CONNECT_WITHIN_S,
                command_timeout=settings.command_timeout_s,
                server_settings=SESSION,
                reset=_as_it_is,
            )
    except UNREACHABLE as fault:
        raise unreachable(fault) from None  # the cause may quote the address with its password
    try:
        yield pool
    finally:
        await _close(pool)


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable for the faults that pass with time; every other error goes on as it is."""
    try:
        yield
    except PASSING as fault:
        if not is_passing(fault):
            raise
        raise Unavailable(f"Postgres cannot do this now: {_reason(fault)}") from fault


async def check(pool: Pool) -> None:
    """Return when Postgres answers within two seconds; else raise Unavailable."""
    with translated():
        async with asyncio.timeout(CHECK_WITHIN_S):
            await pool.execute("SELECT 1")


def unreachable(fault: Exception) -> Unavailable:
    """What to tell people when connecting failed with ``fault``."""
    if isinstance(fault, ValueError):
        return Unavailable(
            "DATABASE_URL is not an address of Postgres: write it as"
            " postgresql://user:password@host:port/database."
        )
    return Unavailable(
        f"Postgres cannot be reached: {_reason(fault)}. See that it runs and that DATABASE_URL"
        " names its host, port, user, password and database."
    )


async def _as_it_is(_: Connection) -> None:
    """Give a connection back without a round trip for that: no statement of ours leaves a trace.

    asyncpg has ended its transaction already. Settings and advisory locks end with transactions,
    and who listens leaves off.
    """


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()


def _reason(fault: Exception) -> str:
    return str(fault) or type(fault).__name__
