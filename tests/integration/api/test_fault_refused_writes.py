"""Postgres is there and refuses: each error that passes is survived, and callers are told so."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.scheduler.app import scheduler
from services.scheduler.settings import SchedulerSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from services.webhooks.app import webhooks
from services.webhooks.settings import WebhooksSettings
from shared.assembly.platform import Platform
from shared.db.pool import open_pool
from shared.domain.errors import Unavailable
from shared.runtime import roles
from shared.runtime.settings import PostgresSettings
from tests.integration.test_tenancy import as_user
from tests.support.answers import open_checked
from tests.support.house import House, count, settings_of
from tests.support.postgres import execute
from tests.support.refusing import lay
from tests.support.served import Client, open_api
from tests.support.works import (
    NOTE,
    Roles,
    all_ended,
    check_history,
    open_works,
    statuses,
    until,
    workflow,
)

SERIALIZATION, DEADLOCK, LOCK, CANCELLED = "40001", "40P01", "55P03", "57014"
DISK, MEMORY, CONNECTIONS = "53100", "53200", "53300"
TABLES: Final = ("event_keys", "bus_records", "bus_positions", "executions", "execution_log")
EVERYWHERE: Final = ()
TIMES: Final = 12
Write = tuple[str, str, Any, str]
EVENT: Final = {"event": "go", "id": "e1", "payload": {}}


def all_others(dsn: str) -> Callable[[Platform], Roles]:
    """Every role but the executor and the api."""

    def before(platform: Platform) -> Roles:
        kept = settings_of(dsn, member="one")
        return (
            ("trigger-ingest", trigger_ingest(platform, IngestSettings(**kept))),
            ("matcher", matcher(platform, MatcherSettings(**kept))),
            ("scheduler", scheduler(platform, SchedulerSettings(**kept))),
            ("webhooks", webhooks(platform, WebhooksSettings(**kept))),
        )

    return before


async def sent(house: House, *ids: str) -> None:
    """Send events, each until it is sure to be sent."""
    for id_ in ids:
        while True:
            with suppress(Unavailable):
                await house.send("go", {}, id=id_)
                break


@pytest.mark.parametrize(
    ("sqlstate", "tables"),
    [
        *((code, EVERYWHERE) for code in (DEADLOCK, LOCK, CANCELLED, DISK, MEMORY, CONNECTIONS)),
        *((SERIALIZATION, (table,)) for table in TABLES),
    ],
)
async def test_writes_that_are_refused_for_a_moment_lose_and_double_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch, sqlstate: str, tables: tuple[str, ...]
) -> None:
    """Whichever statement it is, of whichever role: it comes back, and each event counts once."""
    monkeypatch.setattr(roles, "PAUSE_MAX_S", 0.2)
    refusing = await lay(database, tables)
    async with open_works(database, before=all_others(database)) as works:
        await works.register(workflow(NOTE, {**NOTE, "id": "last"}))
        await sent(works, *(f"a{n}" for n in range(5)))
        await all_ended(works.pool, 5)
        async with refusing.with_error(sqlstate, times=TIMES):
            await sent(works, *(f"b{n}" for n in range(15)))
            await until(works.pool, f"SELECT last_value >= {TIMES} FROM faults")
            await all_ended(works.pool, 20)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        assert await count(works.pool, "events") == 20
        await check_history(works)


async def told(client: Client, method: str, path: str, body: Any = None, key: str = "") -> int:
    """The status of an answer; a 503 says when to come back, and nothing of Postgres."""
    headers = {"Idempotency-Key": key} if key else {}
    async with client.request(method, path, json=body, headers=headers) as answer:
        text = await answer.text()
        if answer.status == 503:
            assert answer.headers["Retry-After"] == "1"
            assert "refused by" not in text
        return answer.status


async def test_while_its_disk_is_full_writers_are_told_to_come_back_and_readers_served(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was refused left nothing behind; asked again, under the same key, it is done once."""
    monkeypatch.setattr(roles, "PAUSE_MAX_S", 0.2)
    refusing = await lay(database)
    flow = workflow(NOTE)
    writes: tuple[Write, ...] = (
        ("POST", "/v1/events", EVENT, "k1"),
        ("POST", "/v1/events", EVENT, ""),
        ("POST", "/v1/events/batch", [EVENT], ""),
        ("POST", "/v1/workflows", flow, "k2"),
    )
    async with (
        open_works(database, before=all_others(database)) as works,
        open_api(works) as client,
    ):
        there = await works.register(flow)
        start: Write = ("POST", f"/v1/workflows/{there.id}/executions", {"payload": {}}, "k3")
        async with refusing.with_error(DISK):
            for method, path, body, key in (*writes, start):
                assert await told(client, method, path, body, key) == 503, path
            assert await told(client, "GET", f"/v1/workflows/{there.id}") == 200
            assert await told(client, "GET", "/v1/executions") == 200
        assert await count(works.pool, "workflows") == 1
        assert await count(works.pool, "events") == 0
        for method, path, body, key in (writes[0], writes[0], start, start):
            assert await told(client, method, path, body, key) in (201, 202)
        await all_ended(works.pool, 2)
        await check_history(works)


async def test_where_postgres_gives_no_more_connections_callers_are_told_to_come_back(
    resources: ApiResources, database: str, postgres: str
) -> None:
    """A pool may be larger than what the server lets in: who comes late is served later on."""
    login = f"login_{uuid4().hex}"
    await execute(postgres, f"CREATE ROLE {login} LOGIN PASSWORD '{login}' CONNECTION LIMIT 1")
    await execute(database, f"GRANT turnout_engine, turnout_tenant TO {login}")
    settings = PostgresSettings(dsn=SecretStr(as_user(database, login)), pool_max=4)
    try:
        async with open_pool(settings) as narrow:
            own = replace(resources, pool=narrow, registry=CollectorRegistry())
            async with open_checked(build_app(own, ApiSettings())) as client:
                async with narrow.acquire() as held:
                    with pytest.raises(asyncpg.TooManyConnectionsError):
                        await narrow.fetchval("SELECT 1")
                    assert await told(client, "GET", "/v1/workflows") == 503
                    assert await held.fetchval("SELECT 1") == 1
                assert await told(client, "GET", "/v1/workflows") == 200
    finally:
        await execute(postgres, f"DROP ROLE {login}")
