"""The pool, and what Postgres' faults become."""

import asyncio
import json
import re
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from shared.assembly.platform import open_platform
from shared.assembly.settings import ProcessSettings
from shared.bus.protocol import Record
from shared.db.pool import Pool, check, open_pool, translated
from shared.domain.errors import Unavailable
from shared.runtime.settings import PostgresSettings
from tests.support.house import settings_of
from tests.support.postgres import sibling

QUERIES = sorted((Path(__file__).parents[2] / "shared").rglob("queries/**/*.sql"))


async def test_a_pool_answers_and_is_checked(pool: Pool) -> None:
    """A pool's sessions carry our name, and a check of a live server returns."""
    await check(pool)
    assert await pool.fetchval("SHOW application_name") == "turnout"


async def test_json_stays_text(pool: Pool) -> None:
    """Json goes in and comes out as the very text, so that we choose how to read it."""
    text = '{"a":  1.10, "a": 2}'
    assert await pool.fetchval("SELECT $1::json", text) == text
    assert json.loads(await pool.fetchval("SELECT $1::jsonb", text)) == {"a": 2}


async def test_a_connection_is_given_back_without_a_word(pool: Pool) -> None:
    """Between two uses of a connection nothing is asked of Postgres but what we ask."""
    async with pool.acquire() as conn:
        pid = await conn.fetchval("SELECT pg_backend_pid()")
        await conn.execute("SELECT 'the last word'")
        async with pool.acquire() as other:
            last = "SELECT query FROM pg_stat_activity WHERE pid = $1"
            assert await other.fetchval(last, pid) == "SELECT 'the last word'"
            await pool.release(conn)
            assert await other.fetchval(last, pid) == "SELECT 'the last word'"


def test_no_statement_leaves_a_trace_in_its_session() -> None:
    """That is allowed because settings and locks of our statements end with their transactions."""
    lasting = ("pg_advisory_lock(", "pg_try_advisory_lock(", "set_config(", " temp ", " temporary ")
    first_words = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "COPY"}
    # The program that migrates has a connection of its own, which it closes.
    found = [path for path in QUERIES if path.parent.name != "schema"]
    assert found
    for path in found:
        lines = path.read_text("utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
        assert text.split(maxsplit=1)[0] in first_words, path
        text = re.sub(r"set_config\([^()]*, true\)", "", text.lower())  # true: for the transaction
        assert not [word for word in lasting if word in text], path


async def test_a_command_is_bounded(database: str) -> None:
    """A command that outlasts its time is cancelled, and the pool goes on."""
    settings = PostgresSettings(dsn=SecretStr(database), command_timeout_s=0.3)
    async with open_pool(settings) as pool:
        with pytest.raises(Unavailable), translated():
            await pool.execute("SELECT pg_sleep(300)")
        assert await pool.fetchval("SELECT 1", timeout=60) == 1


@pytest.mark.parametrize("dsn", ["nonsense:secret", "postgresql://user:secret@:x/y"])
async def test_a_malformed_address_is_refused_without_its_password(dsn: str) -> None:
    """What is no address is refused with its form, and its text is not repeated."""
    with pytest.raises(Unavailable, match="write it as") as caught:
        async with open_pool(PostgresSettings(dsn=SecretStr(dsn))):
            pass
    assert "secret" not in _all_that_is_shown(caught.value)


async def test_nobody_listening_is_unavailable() -> None:
    """No server at the address: Unavailable names the place and never the password."""
    settings = PostgresSettings(dsn=SecretStr("postgresql://user:secret@127.0.0.1:1/db"))
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1") as caught:
        async with open_pool(settings):
            pass
    assert "secret" not in _all_that_is_shown(caught.value)


async def test_a_missing_database_is_unavailable(postgres: str) -> None:
    """The server's own refusal is passed on in its words."""
    settings = PostgresSettings(dsn=SecretStr(sibling(postgres, "no_such_database")))
    with pytest.raises(Unavailable, match="no_such_database"):
        async with open_pool(settings):
            pass


async def test_a_killed_session_is_unavailable_and_the_pool_recovers(pool: Pool) -> None:
    """Sessions ended by an administrator raise Unavailable; the next command has a new one."""
    async with pool.acquire() as victim:
        pid = await victim.fetchval("SELECT pg_backend_pid()")
        waiting = asyncio.create_task(victim.execute("SELECT pg_sleep(30)"))
        await pool.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(Unavailable), translated():
            await waiting
        with pytest.raises(Unavailable), translated():
            await victim.execute("SELECT 1")
    await check(pool)


async def test_a_deadlock_is_unavailable(pool: Pool) -> None:
    """A lost deadlock may be tried again, so it is Unavailable."""
    await pool.execute("CREATE TABLE pair (id int PRIMARY KEY); INSERT INTO pair VALUES (1), (2)")
    both = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await conn.execute("SET LOCAL deadlock_timeout = '20ms'")
            await conn.execute("SELECT 1 FROM pair WHERE id = $1 FOR UPDATE", first)
            await both.wait()
            with translated():
                await conn.execute("SELECT 1 FROM pair WHERE id = $1 FOR UPDATE", second)

    outcomes = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Unavailable"]


async def test_our_own_mistakes_are_not_unavailable(pool: Pool) -> None:
    """A wrong argument or statement is no passing fault: retrying it would hide it for ever."""
    with pytest.raises(asyncpg.UniqueViolationError), translated():
        await pool.execute("CREATE TABLE one (id int PRIMARY KEY); INSERT INTO one VALUES (1), (1)")
    with pytest.raises(asyncpg.DataError), translated():
        await pool.execute("SELECT $1::int", "no number")
    with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"), translated():
        await pool.execute("SELECT $1::int", 1, 2)


async def test_what_is_closed_is_unavailable(pool: Pool, database: str) -> None:
    """A connection that is lost, given back or busy, and a pool that ends, pass with time."""
    async with pool.acquire() as lent:
        busy = asyncio.create_task(lent.execute("SELECT pg_sleep(0.1)"))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="another operation"), translated():
            await lent.execute("SELECT 1")
        await busy
    with pytest.raises(Unavailable, match="released"), translated():
        await lent.execute("SELECT 1")
    await pool.close()
    with pytest.raises(Unavailable, match="pool is clos"), translated():
        await pool.execute("SELECT 1")
    alone = await asyncpg.connect(database)
    await alone.close()
    with pytest.raises(Unavailable, match="connection is closed"), translated():
        await alone.execute("SELECT 1")


def _all_that_is_shown(error: BaseException | None) -> str:
    shown = ""
    while error is not None:
        shown += repr(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return shown


async def test_who_holds_the_last_connection_may_publish(database: str) -> None:
    """The bus in Postgres has its own: else all who publish would wait for who publishes."""
    settings = ProcessSettings(**settings_of(database, pool_max=2))
    async with (
        open_platform(settings) as platform,
        platform.pool.acquire(),
        platform.pool.acquire(),
        asyncio.timeout(20),
    ):
        record = Record(topic=platform.topics.sources[0], key=None, value=b"{}")
        await platform.bus.publish([record])
