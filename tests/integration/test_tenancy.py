"""Tenancy held by Postgres: each environment sees its own rows, whatever the program forgets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from shared.db.migrate import MIGRATIONS, migrate, status
from shared.db.pool import Connection
from shared.db.tenancy import become_tenant
from shared.domain.errors import Rejected
from shared.domain.ids import EnvironmentId
from tests.integration.tenant_rows import ROWS
from tests.support.postgres import connected, execute

A = EnvironmentId(UUID("a0000000-0000-4000-8000-000000000000"))
B = EnvironmentId(UUID("b0000000-0000-4000-8000-000000000000"))


# Tables that a tenant may touch without being held to its rows, and those that the engine may not
# use; views are not held at all. The days of the archive are the engine's by their parent.
LOOSE = """
SELECT c.relname
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND (
    NOT c.relispartition AND EXISTS (
        SELECT FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS r (privilege)
        WHERE NOT has_table_privilege('turnout_engine', c.oid, r.privilege)
    )
    OR has_any_column_privilege('turnout_tenant', c.oid, 'SELECT, INSERT, UPDATE')
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND 2 = (
            SELECT count(*) FROM pg_policy AS p
            WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polroles IN (
                ARRAY['turnout_tenant'::regrole::oid], ARRAY['turnout_engine'::regrole::oid]
            )
        ))
)
"""
TENANTS = """
SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND has_table_privilege('turnout_tenant', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
"""
WHO = "SELECT current_user = session_user, current_setting('turnout.environment')"
MAY = "SELECT has_table_privilege('turnout_tenant', $1, $2)"


@pytest_asyncio.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    """A connection to a database in which both environments have a row of everything."""
    async with connected(database) as opened:
        await opened.execute("INSERT INTO organisations VALUES ($1, 'o', now())", A)
        for environment_id in (A, B):
            await opened.execute(
                "INSERT INTO environments VALUES ($1, $2, $3, now())",
                *(environment_id, A, str(environment_id)),
            )
        await opened.execute("SELECT ensure_event_days(current_date, current_date)")
        for environment_id in (A, B):
            for table in ROWS:
                await _add(opened, table, environment_id)
        yield opened


@pytest_asyncio.fixture
async def login(postgres: str) -> AsyncIterator[str]:
    """The name and password of a user without any rights, to be asked for before its database."""
    name = f"login_{uuid4().hex}"
    await execute(postgres, f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
    yield name
    await execute(postgres, f"DROP ROLE {name}")


async def test_every_table_is_the_engines_or_held_by_policies(conn: Connection) -> None:
    """A table that a tenant may touch is forced to show each its own rows; so is any new one."""
    assert await conn.fetch(LOOSE) == []
    assert {row["relname"] for row in await conn.fetch(TENANTS)} == set(ROWS)
    await conn.execute("CREATE TABLE one (id int); GRANT SELECT ON one TO turnout_engine")
    await conn.execute("CREATE TABLE two (id int); GRANT ALL ON two TO turnout_engine")
    await conn.execute("ALTER TABLE two ENABLE ROW LEVEL SECURITY")
    await conn.execute("GRANT SELECT (id) ON two TO turnout_tenant")
    assert sorted(row["relname"] for row in await conn.fetch(LOOSE)) == ["one", "two"]


async def test_a_tenant_is_no_more_than_a_tenant(conn: Connection) -> None:
    """The role that the api asks as goes round no policy, and is no member of the engine."""
    role = await conn.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin,"
        " pg_has_role(oid, 'turnout_engine', 'MEMBER') AS is_engine"
        " FROM pg_roles WHERE rolname = 'turnout_tenant'"
    )
    assert role is not None
    assert not any(role.values())


@pytest.mark.parametrize("table", ROWS)
async def test_each_sees_and_changes_its_own_rows_only(conn: Connection, table: str) -> None:
    """One row of each table for each; neither is changed, taken, given away or made for another."""
    for environment_id in (A, B):
        async with _tenant(conn, environment_id):
            if await conn.fetchval(MAY, table, "SELECT"):
                assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 1
    async with _tenant(conn, A):
        with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
            await _add(conn, table, B)
    is_let = await conn.fetchval(MAY, table, "INSERT")
    assert ("row-level security" in str(refused.value)) == is_let
    is_own = "environment_id" in ROWS[table]
    if is_own and await conn.fetchval(MAY, table, "UPDATE"):
        async with _tenant(conn, A):
            own = f"UPDATE {table} SET environment_id = $1 WHERE environment_id = $1"
            assert [await conn.execute(own, who) for who in (A, B)] == ["UPDATE 1", "UPDATE 0"]
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await conn.execute(f"UPDATE {table} SET environment_id = $1", B)
    if await conn.fetchval(MAY, table, "DELETE"):
        async with _tenant(conn, A):
            assert await conn.execute(f"DELETE FROM {table}") == "DELETE 1"


@pytest.mark.parametrize("table", ROWS)
async def test_without_a_setting_there_is_an_error_and_no_row(conn: Connection, table: str) -> None:
    """Neither in a new session nor in one where an earlier transaction had set it."""
    ask = f"SELECT * FROM {table}"
    for fault in (asyncpg.UndefinedObjectError, asyncpg.InvalidTextRepresentationError):
        async with _undone(conn):
            await conn.execute("SET LOCAL ROLE turnout_tenant")
            with pytest.raises(fault):
                await conn.fetch(ask)
        async with _tenant(conn, A):
            pass


async def test_whoever_has_the_connection_next_is_no_tenant(conn: Connection) -> None:
    """What a transaction has committed stays; as whom it asked, and of what, ends with it."""
    async with conn.transaction():
        await become_tenant(conn, A)
        assert tuple(await conn.fetchrow(WHO) or ()) == (False, str(A))
    assert tuple(await conn.fetchrow(WHO) or ()) == (True, "")


async def test_days_of_the_archive_are_asked_for_through_the_archive(conn: Connection) -> None:
    """A new day is the tenant's through its parent alone, which no tenant may divide or clear."""
    await conn.execute("SELECT ensure_event_days(current_date + 1, current_date + 1)")
    await conn.execute(f"INSERT INTO events {ROWS['events'].replace('date,', 'date + 1,')}", B)
    day = await conn.fetchval("SELECT 'events_' || to_char(current_date + 1, 'YYYYMMDD')")
    async with _tenant(conn, B):
        assert await conn.fetchval("SELECT count(*) FROM events") == 2
    for statement in (
        f"SELECT * FROM {day}",
        "SELECT ensure_event_days(current_date + 2, current_date + 2)",
        "SELECT drop_event_days(current_date + 2)",
        "SELECT * FROM timers",
        "SELECT * FROM environments",
    ):
        async with _tenant(conn, A):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(statement)


@pytest.mark.usefixtures("migrated_template")  # with which the roles are there
async def test_the_owner_is_held_too(login: str, empty_database: str) -> None:
    """A user without rights of its own migrates, works as a member, and else sees nothing."""
    own = as_user(empty_database, login)
    await execute(empty_database, f"ALTER DATABASE {urlsplit(own).path[1:]} OWNER TO {login}")
    with pytest.raises(Rejected, match=f"GRANT turnout_engine, turnout_tenant TO {login};"):
        await migrate(own)
    await execute(empty_database, f"GRANT turnout_engine, turnout_tenant TO {login}")
    await migrate(own)
    async with connected(own) as conn:
        for environment_id in (A, B):
            await _add(conn, "actions", environment_id)
        assert await conn.fetchval("SELECT count(*) FROM actions") == 2
        async with _tenant(conn, A):
            assert await conn.fetchval("SELECT environment_id FROM actions") == A
        await execute(empty_database, f"REVOKE turnout_engine, turnout_tenant FROM {login}")
        assert await conn.fetchval("SELECT count(*) FROM actions") == 0


async def test_a_login_that_owns_nothing_does_all_the_work(login: str, database: str) -> None:
    """A member of both roles reads and writes every environment, and makes days of the archive."""
    await execute(database, f"GRANT turnout_engine, turnout_tenant TO {login}")
    own = as_user(database, login)
    assert not (await status(own)).pending
    async with connected(own) as conn:
        await conn.execute("SELECT ensure_event_days(current_date, current_date)")
        for environment_id in (A, B):
            for table in ROWS:
                if table != "api_keys":  # those of environments that are listed
                    await _add(conn, table, environment_id)
        assert await conn.fetchval("SELECT count(*) FROM events") == 2
        async with _tenant(conn, A):
            assert await conn.fetchval("SELECT key FROM events") == A
        await conn.execute("SELECT drop_event_days(current_date + 1)")
        assert await conn.fetchval("SELECT count(*) FROM events") == 0


async def test_many_databases_may_make_the_roles_at_once(database: str, login: str) -> None:
    """Roles are the server's: migrations that meet while making them all come through."""
    text = (MIGRATIONS / "20261122_0009_up_0010.sql").read_text("utf-8")
    block = text[text.index("DO $$") : text.index("$$;") + 3].replace("turnout_", f"{login}_")

    async def run() -> None:
        async with connected(database) as own, own.transaction():
            await own.execute(f"SET LOCAL ROLE {login}")
            await own.execute(block)

    async with connected(database) as conn:
        await conn.execute(f"ALTER ROLE {login} CREATEROLE")
        await asyncio.gather(*(run() for _ in range(12)))
        for role in (f"{login}_tenant", f"{login}_engine"):
            assert await conn.fetchval("SELECT pg_has_role($1, $2, 'USAGE')", login, role)
            await conn.execute(f"DROP ROLE {role}")


def as_user(dsn: str, login: str) -> str:
    """The address of a database for somebody whose password is their name."""
    place = urlsplit(dsn)
    return place._replace(netloc=f"{login}:{login}@{place.hostname}:{place.port}").geturl()


@asynccontextmanager
async def _undone(conn: Connection) -> AsyncIterator[None]:
    """A transaction of which nothing stays."""
    transaction = conn.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


@asynccontextmanager
async def _tenant(conn: Connection, environment_id: EnvironmentId) -> AsyncIterator[None]:
    async with _undone(conn):
        await become_tenant(conn, environment_id)
        yield


async def _add(conn: Connection, table: str, environment_id: EnvironmentId) -> None:
    row = ROWS[table].replace("$1", "$1::uuid")
    await conn.execute(f"INSERT INTO {table} {row}", environment_id)
