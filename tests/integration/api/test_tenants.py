"""Connections that serve one environment after another."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from services.api import resources as resources_module
from services.api.resources import ApiResources
from shared.db.event_types import list_event_types, put_event_type
from shared.db.pool import Connection
from shared.db.tenancy import become_tenant
from shared.domain.errors import Unavailable
from shared.domain.event_types import EventTypeSpec
from shared.domain.ids import EnvironmentId

BOTH = (EnvironmentId(UUID(int=1)), EnvironmentId(UUID(int=2)))
ASLEEP = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE query LIKE '%pg_sleep(60)%' AND datname = current_database() AND pid <> $1"
)


@pytest_asyncio.fixture
async def single(resources: ApiResources, database: str) -> AsyncIterator[ApiResources]:
    """What the API works with, over one connection; each environment has a type of its own."""
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        made = replace(resources, pool=pool)
        for environment_id in BOTH:
            async with made.tenant(environment_id) as conn:
                await put(conn, environment_id)
        yield made


async def put(conn: Connection, environment_id: EnvironmentId) -> None:
    """Register a type of events that is called like its environment."""
    await put_event_type(
        conn,
        environment_id,
        str(environment_id),
        EventTypeSpec(),
        fallback_uid=uuid4(),
        now=datetime.now(UTC),
    )


async def seen(resources: ApiResources, environment_id: EnvironmentId) -> set[str]:
    """The types that a tenant sees of both environments, whichever it asks for."""
    async with resources.tenant(environment_id) as conn:
        return {t.name for own in BOTH for t in await list_event_types(conn, own, limit=9)}


async def test_environments_take_turns_on_one_connection(
    single: ApiResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty at once, some of which fail: each sees its own, and the engine both afterwards."""
    monkeypatch.setattr(resources_module, "_CONNECTION_WITHIN_S", 60)  # the last waits for all

    async def use(n: int) -> None:
        environment_id = BOTH[n % 2]
        assert await seen(single, environment_id) == {str(environment_id)}
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with single.tenant(environment_id) as conn:
                await put(conn, BOTH[(n + 1) % 2])

    async with asyncio.TaskGroup() as group:
        for n in range(40):
            group.create_task(use(n))
    async with single.engine() as conn:
        assert await conn.fetchval("SELECT count(*) FROM event_types") == len(BOTH)


async def test_nothing_of_a_tenant_outlives_its_transaction(
    single: ApiResources, resources: ApiResources
) -> None:
    """Committed, failed or cancelled within a statement: role and setting are gone at once."""
    one, other = BOTH

    async def sleep() -> None:
        async with single.tenant(one) as conn:
            await conn.execute("SELECT pg_sleep(60)")

    async def divide() -> None:
        async with single.tenant(one) as conn:
            await conn.execute("SELECT 1 / 0")

    await seen(single, one)
    await check(single, other)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await divide()
    await check(single, other)
    sleeping = asyncio.create_task(sleep())
    async with resources.engine() as conn, asyncio.timeout(30):
        while not await conn.fetchval(ASLEEP, conn.get_server_pid()):
            await asyncio.sleep(0.01)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    await check(single, other)


async def check(single: ApiResources, other: EnvironmentId) -> None:
    """The one connection is nobody's, and then another tenant's."""
    async with single.engine() as conn:
        assert await conn.fetchval("SELECT current_user = session_user")
        assert not await conn.fetchval("SELECT current_setting('turnout.environment', true)")
    assert await seen(single, other) == {str(other)}


async def test_a_snapshot_is_of_one_moment_and_changes_nothing(resources: ApiResources) -> None:
    """What is committed between its reads it does not see; writing in it is refused."""
    one, _ = BOTH
    async with resources.snapshot(one) as conn:
        assert await list_event_types(conn, one, limit=9) == []
        for environment_id in BOTH:
            async with resources.pool.acquire() as writing, writing.transaction():
                await become_tenant(writing, environment_id)
                await put(writing, environment_id)
        assert await list_event_types(conn, one, limit=9) == []
    async with resources.snapshot(one) as conn:
        types = [t.name for own in BOTH for t in await list_event_types(conn, own, limit=9)]
        assert types == [str(one)]
    with pytest.raises(Unavailable, match="read-only"):
        async with resources.snapshot(one) as conn:
            await conn.execute("DELETE FROM event_types")
