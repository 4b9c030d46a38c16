"""What happened in an environment, in numbers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest

from services.executor.settings import ExecutorSettings
from shared.assembly.platform import open_platform
from shared.db import stats
from shared.db.dead_letters import keep_letters
from shared.db.pool import Pool
from shared.domain.ids import EnvironmentId
from shared.domain.principals import Scope
from shared.wire.dead_letters import DeadLetter
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.test_replay import arrived
from tests.support.house import House, settings_of
from tests.support.served import Client, open_api
from tests.support.works import NOTE, workflow

TO = datetime(2026, 11, 20, tzinfo=UTC)
DAY = f"from={quote((TO - timedelta(days=1)).isoformat())}&to={quote(TO.isoformat())}"

Row = tuple[str, float, float | None]
"""A status, how many hours before the end it was created, and how many it took."""


@asynccontextmanager
async def opened(database: str, token: str | None = None) -> AsyncIterator[tuple[House, Client]]:
    """An API, and nothing behind it."""
    settings = ExecutorSettings(**settings_of(database))
    async with open_platform(settings) as platform, open_api(House(platform), token) as client:
        yield House(platform), client


async def executed(pool: Pool, flow: Any, *rows: Row) -> None:
    """Executions as the executor leaves them."""
    await pool.executemany(
        "INSERT INTO executions (id, partition, command_offset, environment_id, workflow_id,"
        " workflow_version, event_key, created_at, status, updated_at, finished_at, steps_settled)"
        " VALUES ($1, 0, 0, $2, $3, 1, $1, $4, $5, $4, $6, 0)",
        [
            (
                *(uuid4(), flow.environment_id, flow.id, TO - timedelta(hours=ago), status),
                None if took is None else TO - timedelta(hours=ago - took),
            )
            for status, ago, took in rows
        ],
    )


async def happened(works: House, environment_id: str) -> tuple[Any, Any]:
    """A day on which something of everything was; gives the two workflows of it."""
    environment = EnvironmentId(UUID(environment_id))
    one, two = [
        await works.register({**workflow(NOTE), "name": name}, environment_id=environment)
        for name in ("one", "two")
    ]
    pool = works.platform.pool
    hundred: list[Row] = [("COMPLETED", 12, n / 3_600) for n in range(1, 101)]
    await executed(
        pool, one, *hundred, ("RUNNING", 1, None), ("FAILED", 25, 2), ("CANCELLED", 49, 30)
    )
    await executed(pool, two, ("FAILED", 2, 1), ("COMPLETED", 1, 2), ("COMPLETED", 30, 1))
    await pool.execute(
        "INSERT INTO waits (execution_id, step_id, partition, environment_id, kind, subject,"
        " attempt, since, data, has_looked_back)"
        " SELECT id, 'ask', 0, environment_id, 'approval', 'anyone', 1, created_at, '{}', true"
        " FROM executions WHERE status = 'RUNNING'"
    )
    letter = DeadLetter(
        reason="UNREADABLE",
        detail="",
        pointer="",
        topic="t",
        partition=0,
        offset=1,
        key=None,
        value=b"",
        environment_id=environment,
    )
    async with pool.acquire() as conn:
        await keep_letters(conn, [letter], TO - timedelta(hours=1), nobody=environment)
    return one, two


async def test_a_day_is_counted(database: str) -> None:
    """By status, workflow and time, with times to completion; ends are counted where they are."""
    async with opened(database, OPERATOR) as (works, client):
        operator = Asker(client, OPERATOR)
        home = await operator.new_environment("home")
        one, two = await happened(works, home)
        told = await operator.get(f"/v1/stats?{DAY}&environment_id={home}")
        assert told["started"] == {"COMPLETED": 101, "RUNNING": 1, "FAILED": 1}
        # The one that ended in the span and began two days before is too old to be found; the
        # completed one that takes longer than the span has ended after it.
        assert told["ended"] == {"COMPLETED": 100, "FAILED": 2}
        assert told["ended_created_since"] == "2026-11-18T00:00:00.000000Z"
        assert (told["bucket_s"], len(told["buckets"])) == (900, 96)
        by_time = {bucket["at"][11:19]: bucket for bucket in told["buckets"]}
        assert by_time["12:00:00"]["started"] == 100
        assert by_time["12:00:00"]["ended"] == {"COMPLETED": 100}
        assert by_time["01:00:00"] == {**by_time["01:00:00"], "started": 0, "ended": {"FAILED": 1}}
        assert [(w["name"], w["started"], w["under_way"]) for w in told["workflows"]] == [
            ("one", 101, 1),
            ("two", 2, 0),
        ]
        first = told["workflows"][0]
        assert first["durations"] == {"p50_ms": 50_000, "p95_ms": 95_000, "p99_ms": 99_000}
        assert told["durations"]["p99_ms"] == 100_000
        assert told["dead_letters"] == [{"reason": "UNREADABLE", "count": 1}]
        assert [(wait["kind"], wait["count"]) for wait in told["waits"]] == [("approval", 1)]
        assert (told["too_slow"], told["cut"]) == ([], [])
        told = await operator.get(f"/v1/stats?{DAY}&workflow_id={two.id}&environment_id={home}")
        assert told["started"] == {"COMPLETED": 1, "FAILED": 1}
        assert [w["workflow_id"] for w in told["workflows"]] == [str(two.id)]
        assert told["waits"] == []
        assert str(one.id) not in str(told)


async def test_events_are_counted_by_type(database: str) -> None:
    """The types with most of them, of the environment alone; another's numbers are not there."""
    async with opened(database, OPERATOR) as (works, client):
        operator = Asker(client, OPERATOR)
        made = [await operator.new_environment(name) for name in ("theirs", "mine")]
        theirs, mine = [await operator.key([Scope.READ], one) for one in made]
        await happened(works, made[0])
        for count, name in ((3, "a"), (1, "b")):
            environment = EnvironmentId(UUID(made[0]))
            await arrived(works, count, environment, name=name, type=f"type:{name}")
        to = quote((datetime.now(UTC) + timedelta(hours=1)).isoformat())
        told = await theirs.get(f"/v1/stats?to={to}")
        assert told["events"] == [{"event": "type:a", "count": 3}, {"event": "type:b", "count": 1}]
        for span in (f"to={to}", DAY):
            told = await mine.get(f"/v1/stats?{span}")
            for part in ("started", "ended", "workflows", "events", "dead_letters", "waits"):
                assert not told[part], part
            assert told["durations"] is None
            assert not any(bucket["started"] or bucket["ended"] for bucket in told["buckets"])


async def test_what_is_cut_is_said(database: str) -> None:
    """Of more than fifty workflows those with most executions are there."""
    async with opened(database) as (works, client):
        for number in range(52):
            flow = await works.register(workflow(NOTE))
            runs: list[Row] = [("COMPLETED", 1, 0.5)] * (1 + number % 2)
            await executed(works.platform.pool, flow, *runs)
        told = await Asker(client).get(f"/v1/stats?{DAY}")
        assert (len(told["workflows"]), told["cut"]) == (50, ["workflows"])
        assert [w["started"] for w in told["workflows"]] == [2] * 26 + [1] * 24
        assert told["started"] == {"COMPLETED": 78}


async def test_a_part_that_takes_too_long_is_left_out(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are there all the same."""
    monkeypatch.setattr(stats, "_WITHIN_S", 1)
    async with opened(database) as (works, client):
        now = datetime.now(UTC)
        await arrived(works, 2)
        async with works.platform.pool.acquire() as conn, conn.transaction():
            await conn.execute("LOCK TABLE executions IN ACCESS EXCLUSIVE MODE")
            to = quote((now + timedelta(hours=1)).isoformat())
            told = await Asker(client).get(f"/v1/stats?to={to}")
        assert told["too_slow"] == ["executions", "workflows", "waits"]
        for part in ("started", "ended", "buckets", "workflows", "durations", "waits"):
            assert told[part] is None
        assert told["events"] == [{"event": "go", "count": 2}]


async def test_spans_are_bounded(database: str) -> None:
    """One that ends before it begins, or never, is refused; a second has its buckets."""
    async with opened(database) as (_, client):
        asker = Asker(client)
        for query in (
            "from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:00Z",
            "from=2026-11-20T00:00:00Z&to=2026-11-19T00:00:00Z",
            "from=2026-10-20T00:00:00Z&to=2026-11-20T00:00:01Z",
            "from=0001-01-01T00:00:00Z",
            "to=0001-01-01T00:00:00Z",
            "to=9999-12-31T23:59:59-10:00",
            "from=yesterday",
            "workflow_id=x",
            "day=1",
        ):
            assert (await asker.ask("GET", f"/v1/stats?{query}"))[0] == 400, query
        for query, bucket_s, count in (
            ("from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:01Z", 1, 1),
            ("from=2026-10-20T00:00:00Z&to=2026-11-20T00:00:00Z", 21_600, 124),
            ("to=9999-12-31T23:59:59.999999Z", 900, 96),
        ):
            told = await asker.get(f"/v1/stats?{query}")
            assert (told["bucket_s"], len(told["buckets"])) == (bucket_s, count)
