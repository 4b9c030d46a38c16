"""A migration beside programs of the version before: nothing stands still, nothing is lost."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.cli.process.running import check_schema
from shared.db import migrate
from shared.db.pool import open_pool, translated
from shared.domain.errors import Conflict, Unavailable
from shared.runtime.settings import PostgresSettings
from tests.support.postgres import connected, execute
from tests.support.works import (
    NOTE,
    all_ended,
    caught_up,
    check_history,
    open_works,
    start,
    workflow,
)

NEWER = (
    f"INSERT INTO {migrate.HISTORY_SCHEMA}.migrations (from_revision, to_revision)"
    " VALUES ('0001', '9999')"
)
ADDED = (
    "ALTER TABLE executions ADD COLUMN later text",
    "ALTER TABLE execution_log ADD COLUMN later integer NOT NULL DEFAULT 7",
    "CREATE INDEX later_inbox ON inbox (command_offset)",
    "ALTER TABLE partition_owners ADD COLUMN later boolean",
    "CREATE TABLE later (id bigint)",
    NEWER,
)


async def test_a_program_works_on_a_newer_schema_and_not_on_an_older(
    database: str, empty_database: str
) -> None:
    """Replicas of the version before come back while the new ones are rolled out."""
    assert await check_schema(database)
    await execute(database, NEWER)
    assert not await check_schema(database)
    with pytest.raises(Conflict, match="turnout db migrate"):
        await check_schema(empty_database)


async def test_what_is_added_while_roles_run_disturbs_nobody(database: str) -> None:
    """Columns, indices and tables come while executions run: each ends once, no role falls."""
    async with open_works(database) as works:
        flow = await works.register(workflow(*({**NOTE, "id": f"s{n}"} for n in range(6))))
        started = 0
        async with connected(database) as conn:
            for addition in ADDED:
                started += len(await start(works, flow, 30))
                await conn.execute(addition)
        await all_ended(works.pool, started, within_s=30)
        await caught_up(works)
        await check_history(works)
        assert works.platform.health.is_ready
        epochs = "SELECT max(epoch) FROM partition_owners"
        assert await works.pool.fetchval(epochs) == 1, "nobody had to start anew"


async def test_a_statement_whose_result_has_changed_is_tried_again(database: str) -> None:
    """The role comes back from it, and the statement is prepared anew."""
    settings = PostgresSettings(dsn=SecretStr(database), pool_max=2)
    async with open_pool(settings) as pool, pool.acquire() as conn, connected(database) as other:
        await other.execute("CREATE TABLE told (word varchar(5))")

        async def read() -> None:
            with translated():
                async with conn.transaction():
                    await conn.fetch("SELECT word FROM told")

        await read()
        await other.execute("ALTER TABLE told ALTER COLUMN word TYPE text")
        with pytest.raises(Unavailable):
            await read()
        await read()


async def test_a_migration_waits_for_others_without_holding_them_up(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a long transaction uses the table, those who come later are not kept waiting."""
    (tmp_path / "20260101_initial_up_0001.sql").write_text("CREATE TABLE busy (id int);")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    monkeypatch.setattr(migrate, "LOCK_WAIT_MS", 50)
    monkeypatch.setattr(migrate, "AGAIN_S", 0.05)
    await migrate.migrate(empty_database)
    alter = "ALTER TABLE busy ADD COLUMN later text;"
    (tmp_path / "20260102_0001_up_0002.sql").write_text(alter)
    async with connected(empty_database) as one, connected(empty_database) as other:
        async with one.transaction():
            await one.execute("SELECT id FROM busy")
            migrating = asyncio.create_task(migrate.migrate(empty_database))
            waits = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
            async with asyncio.timeout(10):
                while not await other.fetchval(waits):
                    await asyncio.sleep(0.005)
            await other.execute("SELECT id FROM busy", timeout=10)
            assert not migrating.done()
        assert await asyncio.wait_for(migrating, 20) == ["0002"]
