"""The workflows that await an event: found by what their triggers name, and by nothing else."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from shared.db import migrate
from shared.db.candidates import list_candidates
from shared.db.pool import Connection, Pool
from shared.db.tenancy import become_tenant
from shared.db.workflows import (
    delete_workflow,
    list_workflows,
    lock_changes,
    write_workflow,
)
from shared.domain.ids import DEFAULT_ENVIRONMENT, WorkflowId
from shared.domain.workflows import Workflow
from shared.matching.rules import is_named
from shared.runtime.sql import statements
from tests.support.postgres import connected
from tests.unit.matching.build import AT, event, workflow

_SQL = statements(Path(migrate.__file__).parent / "queries" / "workflows")
LIST, BY_NAME = _SQL["list_candidates"], _SQL["list_workflows"]
BEFORE = "0023"
"""The revision that knows no names of triggers."""

OTHER = UUID(int=2)
HOUR = timedelta(hours=1)
NAMES = (
    *("order:placed", "order:*", "order:placed:*", "order:p*", "order", "order:", "*", "order:%*"),
    *("order_placed", "Order:placed", "order:placed*", "o*", "ord", "größe:*", "größe:ß"),
)
TYPES = ("order:placed", "order:placed:x", "order:", "order", "Order:placed", "größe:ß", "x", "*")

# Workflows from a number to another, of which every second awaits "hot", and two at most "rare".
CROWD = (
    """INSERT INTO workflows (id, environment_id, version, is_active, created_at, updated_at)
    SELECT id, environment_id, 1, true, at, at FROM crowd""",
    """INSERT INTO workflow_versions (workflow_id, version, dialect, lifecycle, definition, source,
        created_at)
    SELECT id, 1, 'native', 'ready', json_build_object('triggers', json_build_array(
        json_build_object('event_name', CASE WHEN n = 1 THEN 'rare' WHEN n = 3 THEN 'ra*'
            WHEN n % 2 = 0 THEN 'hot' ELSE 'own:' || n END))), 'null', at
    FROM crowd""",
    """INSERT INTO workflow_changes (workflow_id, version, is_active, is_deleted, changed_at)
    SELECT id, 1, true, false, at FROM crowd""",
)
NUMBERED = """WITH crowd AS (
    SELECT n, lpad(to_hex(n), 32, '0')::uuid AS id, $1::uuid AS environment_id,
        $2::timestamptz AS at
    FROM generate_series($3::integer, $4::integer) AS n
)"""


async def put(conn: Connection, *workflows: Workflow) -> None:
    """Write them, one after the other."""
    async with conn.transaction():
        await lock_changes(conn)
        for one in workflows:
            await write_workflow(conn, one)


async def found(
    conn: Connection, type_: str, at: datetime = AT, **more: Any
) -> list[tuple[int, int]]:
    """The candidates of an event, as its environment asks for them: number and version of each."""
    asked = {"workflow_id": None, "limit": 100, **more}
    async with conn.transaction():
        await become_tenant(conn, DEFAULT_ENVIRONMENT)
        about = event(type=type_, received_at=at)
        listed = [one.read() for one in await list_candidates(conn, about, **asked)]
        return [(one.id.int, one.version) for one in listed]


async def test_they_are_those_that_name_the_type(pool: Pool) -> None:
    """Exactly or with a star, whatever else they name; once each, and of one environment."""
    named = [*((one,) for one in NAMES), *pairwise(NAMES)]
    flows = [workflow(*names, number=n) for n, names in enumerate(named, 1)]
    elsewhere = [workflow(*NAMES, number=n, environment_id=OTHER) for n in range(1_000, 1_003)]
    async with pool.acquire() as conn:
        await put(conn, *flows, *elsewhere)
        for type_ in TYPES:
            expected = [
                (flow.id.int, 1)
                for flow in flows
                if any(is_named(type_, name) for name in flow.definition.event_names)
            ]
            assert await found(conn, type_) == expected, type_


async def test_they_are_as_they_were(pool: Pool) -> None:
    """The version that was current decides which names count, also of what is deleted since."""
    one, two = workflow("a", number=1), workflow("a", number=2)
    edited = workflow("b", "a:*", number=1, version=2, updated_at=AT + HOUR)
    back = workflow("a", number=1, version=3, updated_at=AT + 2 * HOUR)
    async with pool.acquire() as conn:
        await put(conn, one, two, edited, back)
        async with conn.transaction():
            await delete_workflow(conn, WorkflowId(two.id), AT + HOUR)
        assert await found(conn, "a", AT - HOUR) == []
        assert await found(conn, "a", AT) == [(1, 1), (2, 1)]
        assert await found(conn, "a", AT + HOUR) == []
        assert await found(conn, "a:x", AT + HOUR) == await found(conn, "b", AT + HOUR) == [(1, 2)]
        assert await found(conn, "a", AT + 2 * HOUR) == [(1, 3)]
        assert await found(conn, "a", AT + HOUR, workflow_id=one.id) == [(1, 2)]
        assert await found(conn, "a", AT + HOUR, workflow_id=two.id) == []


async def test_they_come_in_the_order_of_creation(pool: Pool) -> None:
    """A few at a time, by whichever name they are found; one that was made anew, when it was."""
    born = {n: AT + timedelta(minutes=n // 2) for n in range(1, 10)}
    flows = [
        workflow(("a", "a*", "*")[n % 3], "a", number=n, created_at=at) for n, at in born.items()
    ]
    again = workflow("a", number=1, version=2, created_at=AT + HOUR, updated_at=AT + HOUR)
    async with pool.acquire() as conn:
        await put(conn, *reversed(flows))
        async with conn.transaction():
            await delete_workflow(conn, WorkflowId(again.id), AT + HOUR / 2)
        await put(conn, again)
        for at, expected in ((AT, [*range(1, 10)]), (AT + HOUR, [*range(2, 10), 1])):
            seen: list[int] = []
            after = None
            while page := await found(conn, "a", at, after=after, limit=2):
                seen += [number for number, _ in page]
                last = seen[-1]
                after = (again.created_at if at > AT and last == 1 else born[last], UUID(int=last))
            assert seen == expected


async def test_lists_by_a_trigger_s_name_know_it_as_written(pool: Pool) -> None:
    """Of the versions that are current, and of one environment; a star is a letter like others."""
    flows = [workflow("a", "b", number=1), workflow("a*", number=2), workflow("a", number=3)]
    edited = workflow("b", number=3, version=2, updated_at=AT + HOUR)
    elsewhere = workflow("a", "a*", number=4, environment_id=OTHER)
    expected = {"a": [1], "b": [1, 3], "a*": [2], "A": []}
    async with pool.acquire() as conn:
        await put(conn, *flows, edited, elsewhere)
        async with conn.transaction():
            await become_tenant(conn, DEFAULT_ENVIRONMENT)
            for name, numbers in expected.items():
                listed = await list_workflows(
                    conn, environment_id=DEFAULT_ENVIRONMENT, event_name=name, limit=9
                )
                assert [one.id.int for one in listed] == numbers, name


@pytest.mark.parametrize("plan", ["force_custom_plan", "force_generic_plan"])
async def test_what_is_looked_at_does_not_grow(pool: Pool, plan: str) -> None:
    """Among ten times as many workflows a page reads no row more, of a name that many have too."""
    async with pool.acquire() as conn:
        await conn.execute(f"SET plan_cache_mode = {plan}")
        # Else the plans would be others where Postgres counts the rows of a table meanwhile.
        for table in ("workflows", "workflow_versions", "workflow_changes", "trigger_names"):
            await conn.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        examined = []
        for first, last in ((1, 500), (501, 5_000)):
            for statement in CROWD:
                await conn.execute(f"{NUMBERED} {statement}", DEFAULT_ENVIRONMENT, AT, first, last)
            awaiting = [(name, AT, 50, None, None) for name in ("rare", "none", "hot")]
            examined.append([await rows_examined(conn, LIST, *asked) for asked in awaiting])
        named = [(None, name, None, None, None, 50, None) for name in ("rare", "none")]
        listed = [await rows_examined(conn, BY_NAME, *asked) for asked in named]
    assert examined[0] == examined[1]
    assert examined[1] < [30, 1, 1_000]
    assert listed < [10, 1]


async def rows_examined(conn: Connection, statement: str, *asked: Any) -> int:
    """How many rows of tables an environment's statement reads."""
    async with conn.transaction():
        await become_tenant(conn, DEFAULT_ENVIRONMENT)
        return await examined_by(conn, statement, DEFAULT_ENVIRONMENT, *asked)


async def examined_by(conn: Connection, statement: str, *given: Any) -> int:
    """How many rows of tables a statement reads."""
    told = await conn.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *given)
    return round(sum(_rows(orjson.loads(told)[0]["Plan"])))


def _rows(node: dict[str, Any]) -> Iterator[float]:
    if "Relation Name" in node:
        removed = sum(number for name, number in node.items() if name.startswith("Rows Removed"))
        yield (node["Actual Rows"] + removed) * node["Actual Loops"]
    for part in node.get("Plans", ()):
        yield from _rows(part)


async def test_those_of_before_are_found_as_well(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration writes the names of every version that is there."""
    whole = migrate.MIGRATIONS
    for file in whole.glob("*.sql"):
        if file.stem[-4:] <= BEFORE:
            shutil.copy(file, tmp_path)
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    await migrate.migrate(empty_database)
    edited = workflow("b", number=1, version=2, updated_at=AT + HOUR)
    async with connected(empty_database) as conn:
        await put(conn, workflow("a*", "c", number=1), edited, workflow("b", number=2))
        monkeypatch.setattr(migrate, "MIGRATIONS", whole)
        await migrate.migrate(empty_database)
        assert await found(conn, "ab") == await found(conn, "c") == [(1, 1)]
        assert await found(conn, "b", AT + HOUR) == [(1, 2), (2, 1)]
