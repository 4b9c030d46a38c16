"""The migrations, and that schema.sql is their sum."""

import asyncio
import difflib
import itertools
import re
from pathlib import Path

import asyncpg
import pytest

from shared.db import migrate
from shared.domain.errors import Conflict, Unavailable
from tests.migration.dump import SCHEMA, dump
from tests.support.postgres import execute

NAME = re.compile(r"\d{8}_(initial|\d{4})_up_(\d{4})\.sql")


def test_revisions_are_contiguous() -> None:
    """Every file is a migration, numbered from 0001 without gaps, each from the one before."""
    names = sorted((file.name for file in migrate.MIGRATIONS.iterdir()), key=lambda n: n[-8:])
    steps = [match.groups() for name in names if (match := NAME.fullmatch(name))]
    numbers = ["initial", *(f"{n:04d}" for n in range(1, len(names) + 1))]
    assert steps == list(itertools.pairwise(numbers))


async def test_the_schema_file_is_the_sum_of_the_migrations(
    database: str, empty_database: str
) -> None:
    """A database made from schema.sql equals one made by all migrations, in every object."""
    await execute(empty_database, SCHEMA.read_text("utf-8"))
    migrated, written = await asyncio.gather(
        asyncio.to_thread(dump, database), asyncio.to_thread(dump, empty_database)
    )
    difference = "\n".join(
        difflib.unified_diff(
            written.splitlines(), migrated.splitlines(), "schema.sql", "migrations", lineterm=""
        )
    )
    assert not difference, f"run python -m tests.migration.dump\n{difference}"


async def test_migrating_applies_what_is_missing_once(empty_database: str) -> None:
    """All revisions on an empty database, none on a migrated one; status foretells both."""
    before = await migrate.status(empty_database)
    assert before.current is None
    assert await migrate.migrate(empty_database) == list(before.pending) != []
    after = await migrate.status(empty_database)
    assert after == migrate.Status(current=before.pending[-1], pending=())
    assert await migrate.migrate(empty_database) == []


async def test_status_changes_nothing(empty_database: str) -> None:
    """Asking leaves no table or schema behind."""
    blank = await asyncio.to_thread(dump, empty_database)
    await migrate.status(empty_database)
    assert await asyncio.to_thread(dump, empty_database) == blank


async def test_many_may_migrate_at_once(empty_database: str) -> None:
    """Of eight that start together one applies everything and seven find nothing to do."""
    applied = await asyncio.gather(*(migrate.migrate(empty_database) for _ in range(8)))
    assert sorted(len(revisions) for revisions in applied) == [0] * 7 + [len(max(applied))]


async def test_a_newer_database_is_refused(database: str) -> None:
    """A program older than its database leaves it alone and says so."""
    await execute(
        database,
        f"INSERT INTO {migrate.HISTORY_SCHEMA}.migrations (from_revision, to_revision)"
        " VALUES ('0001', '9999')",
    )
    with pytest.raises(Conflict, match="9999"):
        await migrate.migrate(database)


async def test_a_failing_migration_leaves_nothing(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the second of two migrations fails, the first is undone with it."""
    (tmp_path / "20260101_initial_up_0001.sql").write_text("CREATE TABLE kept (id int);")
    (tmp_path / "20260102_0001_up_0002.sql").write_text("CREATE TABLE kept (id int);")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate.migrate(empty_database)
    assert (await migrate.status(empty_database)).current is None
    (tmp_path / "20260102_0001_up_0002.sql").unlink()
    assert await migrate.migrate(empty_database) == ["0001"]


async def test_no_server_is_unavailable() -> None:
    """Without a server: Unavailable, without the password."""
    with pytest.raises(Unavailable) as caught:
        await migrate.status("postgresql://user:secret@127.0.0.1:1/db")
    assert "secret" not in caught.value.message
