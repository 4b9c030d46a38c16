"""What can be done to Postgres, Kafka, and the way there. Each is mended when it returns."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import asyncpg
from asyncpg.exceptions import PostgresError

from tests.chaos.around import SESSION_S
from tests.chaos.faults import Done, Moment
from tests.chaos.proxy import Proxy, Trouble, Way

_CONNECTIONS: Final = 95
GONE: Final = (PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What a fault meets when another has taken away what it was to work on."""


# --- Postgres


async def restart_postgres(at: Moment) -> Done:
    """Immediate shutdown, or kill -9 of the postmaster, and back after a while (F11)."""
    how = at.chance.choice((signal.SIGQUIT, signal.SIGKILL, signal.SIGINT))
    postgres = at.stage.servers.postgres
    await postgres.stop(how)
    await at.last()
    await postgres.start()
    return {"how": how.name}


async def kill_backend(at: Moment) -> Done:
    """A kill -9 of one backend: the server drops all of them and recovers (F11)."""
    pid = at.chance.choice(at.stage.servers.postgres.backends())
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return {}


async def lose_commit_answers(at: Moment) -> Done:
    """What is committed is not heard of; then every connection is reset (F12)."""
    trouble = Trouble(cut=Way.TO_CLIENT)
    with at.stage.servers.postgres.proxy.troubled(trouble, loses=True):
        await at.last()
    return {}


async def cut_answers_short(at: Moment) -> Done:
    """Connections to Postgres end in the middle of an answer (F12)."""
    trouble = Trouble(bytes_max=at.chance.randint(20, 4_000))
    with at.stage.servers.postgres.proxy.troubled(trouble):
        await at.last()
    return {"bytes": trouble.bytes_max}


async def swallow_postgres(at: Moment) -> Done:
    """A black hole before Postgres (F13)."""
    return await _swallow(at, at.stage.servers.postgres.proxy)


async def swallow_postgres_for_long(at: Moment) -> Done:
    """The same for longer than anything waits: half a minute (F13)."""
    return await swallow_postgres(at)


async def hold_connections(at: Moment) -> Done:
    """Somebody else holds nearly every connection that the server allows (F14)."""
    dsn = at.stage.servers.postgres.direct_dsn
    held: list[asyncpg.Connection[asyncpg.Record]] = []
    with suppress(*GONE):
        while len(held) < _CONNECTIONS:
            held.append(await asyncpg.connect(dsn, timeout=5))
    # Those who are connected stay; only who loses its connection now finds none.
    at.stage.servers.postgres.proxy.reset()
    await at.last()
    for conn in held:
        conn.terminate()
    return {"connections": len(held)}


async def hold_locks(at: Moment) -> Done:
    """Somebody locks what all write (F14, F16)."""
    table = at.chance.choice(("executions", "execution_log", "event_keys", "partition_owners"))
    async with apart(at) as conn, conn.transaction():
        await conn.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", timeout=5)
        await at.last()
    return {"table": table}


async def end_sessions(at: Moment) -> Done:
    """Sessions are terminated, and statements cancelled, by the server (F11, F16)."""
    function = at.chance.choice(("pg_terminate_backend", "pg_cancel_backend"))
    async with apart(at) as conn:
        ended = await conn.fetch(
            f"SELECT {function}(pid) FROM pg_stat_activity"
            " WHERE application_name = 'turnout' AND random() < 0.4",
            timeout=5,
        )
    return {"function": function, "sessions": len(ended)}


async def long_transaction(at: Moment) -> Done:
    """An old snapshot pins what could be vacuumed (F17)."""
    async with apart(at) as conn, conn.transaction(isolation="repeatable_read"):
        await conn.fetchval("SELECT count(*) FROM execution_log", timeout=5)
        await at.last()
    return {}


async def fill_disk(at: Moment) -> Done:
    """Postgres' disk is full for a while (F15); only where it has a small disk of its own."""
    postgres = at.stage.servers.postgres
    with _full(postgres.folder):
        await at.last()
    try:
        async with apart(at) as conn:
            await conn.execute("CHECKPOINT", timeout=10)
    except GONE:
        await postgres.stop(signal.SIGQUIT)
        await postgres.start()
    return {}


@contextmanager
def _full(folder: Path) -> Iterator[None]:
    """The disk that ``folder`` is on holds no more."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1_048_576))
        with ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:  # what is left of the last page
                file.write(bytes(512))
        yield
    finally:
        ballast.unlink()


async def move_postgres_clock(at: Moment) -> Done:
    """Postgres' clock goes back and, after a while, is right again (F34).

    Right again it is an hour ahead of what it was: so it jumps both ways. The other way round, what
    is timed while it is ahead comes late by as much, which is no matter of chance.
    """
    clocked = at.stage.servers.postgres.clocked
    if clocked is None:
        raise LookupError("clock")
    offset = at.chance.choice(("-1h", "-1d", "-30", "-2"))
    clocked.clock.set(offset)
    try:
        await at.last()
    finally:
        clocked.clock.set()
    return {"offset": offset}


# --- Kafka


async def restart_kafka(at: Moment) -> Done:
    """The broker is killed, or stopped in good order, and comes back after a while (F19)."""
    kafka = at.stage.servers.kafka
    how = at.chance.choice((kafka.kill, kafka.stop))
    await how()
    await at.last()
    await kafka.start()
    return {"how": how.__name__}


async def fill_kafka_disk(at: Moment) -> Done:
    """Kafka's disk is full until the broker halts (F24); only where it has one of its own."""
    servers = at.stage.servers
    with _full(servers.kafka_folder):
        await at.last()
        is_halted = not _runs(servers.kafka.pid)
    await servers.kafka.kill()
    await servers.kafka.start()
    return {"halted": is_halted}


def _runs(pid: int | None) -> bool:
    """Whether a child of ours has not ended."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state not in ("Z", "X")


async def freeze_kafka(at: Moment) -> Done:
    """The broker stops for a while and goes on as if nothing had been (F20)."""
    pid = at.stage.servers.kafka.pid
    if pid is None:
        raise LookupError("kafka")
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(SESSION_S + at.seconds)
    finally:
        os.kill(pid, signal.SIGCONT)
    return {}


async def lose_produce_answers(at: Moment) -> Done:
    """What is published is not acknowledged; then every connection is reset (F22)."""
    trouble = Trouble(cut=Way.TO_CLIENT)
    with at.stage.servers.kafka_proxy.troubled(trouble, loses=True):
        await at.last()
    return {}


async def swallow_kafka(at: Moment) -> Done:
    """A black hole before Kafka (F20)."""
    return await _swallow(at, at.stage.servers.kafka_proxy)


# --- both


async def slow_everything(at: Moment) -> Done:
    """Both servers answer late, and never twice as late (F26)."""
    trouble = Trouble(latency_s=0.2, jitter_s=0.15)
    with (
        at.stage.servers.postgres.proxy.troubled(trouble),
        at.stage.servers.kafka_proxy.troubled(trouble),
    ):
        await at.last()
    return {}


async def refuse_everything(at: Moment) -> Done:
    """Both servers refuse every connection (F8, F11, F19)."""
    trouble = Trouble(is_down=True)
    with (
        at.stage.servers.postgres.proxy.troubled(trouble),
        at.stage.servers.kafka_proxy.troubled(trouble),
    ):
        await at.last()
    return {}


async def _swallow(at: Moment, proxy: Proxy) -> Done:
    loses = at.chance.random() < 0.5
    with proxy.troubled(Trouble(cut=Way.BOTH), loses=loses):
        await at.last()
    return {"loses": loses}


@asynccontextmanager
async def apart(at: Moment) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection past the proxy, ended without ceremony."""
    conn = await asyncpg.connect(at.stage.servers.postgres.direct_dsn, timeout=5)
    try:
        yield conn
    finally:
        conn.terminate()
