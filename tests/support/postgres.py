"""A real Postgres for tests: DATABASE_URL's, or one of our own per test process."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from shared.db.migrate import migrate
from shared.db.pool import Pool, open_pool
from shared.embedded.postgres import EmbeddedPostgres
from shared.runtime.settings import PostgresSettings

WITHIN_S = 60.0


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a server's database in which databases can be made."""
    if "DATABASE_URL" in os.environ:
        yield os.environ["DATABASE_URL"]
        return
    folder = tmp_path_factory.mktemp("postgres")
    async with EmbeddedPostgres(folder) as server:
        yield server.dsn
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_template(postgres: str) -> AsyncIterator[str]:
    """The name of a migrated database that nobody is connected to."""
    name = f"template_{uuid4().hex}"
    await execute(postgres, f'CREATE DATABASE "{name}"')
    await migrate(sibling(postgres, name))
    yield name
    await drop(postgres, name)


@pytest_asyncio.fixture
async def database(postgres: str, migrated_template: str) -> AsyncIterator[str]:
    """The address of a fresh migrated database, for one test."""
    name = f"test_{uuid4().hex}"
    await execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    yield sibling(postgres, name)
    await drop(postgres, name)


@pytest_asyncio.fixture
async def empty_database(postgres: str) -> AsyncIterator[str]:
    """The address of a database without tables, for one test."""
    name = f"test_{uuid4().hex}"
    await execute(postgres, f'CREATE DATABASE "{name}"')
    yield sibling(postgres, name)
    await drop(postgres, name)


@pytest_asyncio.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to ``database``."""
    async with open_pool(PostgresSettings(dsn=SecretStr(database))) as opened:
        yield opened


def sibling(dsn: str, name: str) -> str:
    """The address of another database on the same server."""
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()


async def drop(dsn: str, name: str) -> None:
    """Remove a database, whoever is connected to it."""
    await execute(dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


async def execute(dsn: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    async with connected(dsn) as conn:
        await conn.execute(statement, timeout=WITHIN_S)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection beside any pool."""
    conn = await asyncpg.connect(dsn, timeout=WITHIN_S)
    try:
        yield conn
    finally:
        await conn.close(timeout=WITHIN_S)
