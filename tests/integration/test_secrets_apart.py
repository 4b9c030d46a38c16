"""Secrets that somebody chose badly, or asked for in a text, end or reach nobody else."""

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.db.actions import put_action
from shared.db.pool import Pool
from shared.domain.actions import ActionSpec, Transport
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.support.works import (
    Works,
    all_ended,
    caught_up,
    open_works,
    start,
    transform,
    until,
    workflow,
)

SENT = {"lang": "placeholder", "src": {"key": "Bearer {{secrets.x}}"}}
TASK = {"id": "ask", "action": "ship", "input": SENT, "timeout_s": 600.0}


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[Any]]]:
    """A server's URL, and the bodies that it hears."""
    heard: list[Any] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/", hear)
    async with TestServer(app) as server:
        yield str(server.make_url("/")), heard


async def park(works: Works) -> None:
    """Have an execution wait for a worker, in the log and on the topic."""
    async with works.pool.acquire() as conn:
        spec = ActionSpec(transport=Transport.WORKER)
        await put_action(conn, DEFAULT_ENVIRONMENT, "ship", spec, datetime.now(UTC))
    await start(works, await works.register(workflow(TASK)))
    await until(works.pool, "SELECT count(*) FROM waits", 1)
    await caught_up(works)


async def tasks(pool: Pool) -> list[dict[str, Any]]:
    """What workers were given."""
    rows = await pool.fetch(
        "SELECT value FROM bus_records JOIN bus_topics USING (topic_id)"
        " WHERE name LIKE '%.tasks.%' ORDER BY record_offset"
    )
    return [orjson.loads(row["value"])["data"] for row in rows]


@pytest.mark.parametrize("value", ["task", "action", "abc"])
async def test_whatever_a_secret_is_its_task_is_given_out(database: str, value: str) -> None:
    """Neither the executor nor the task loses anything by a value that occurs in our words."""
    async with open_works(database, secrets={"x": value}) as works:
        await park(works)
        [task] = await tasks(works.pool)
    assert task["input"] == {"key": "Bearer {{secrets.x}}"}
    assert task["task_id"] == f"{task['execution_id']}:ask:1"
    assert task["action"] == "ship"


async def test_an_entry_without_our_words_ends_no_executor(database: str) -> None:
    """What was written before secrets left the task's words alone is published like any other."""
    async with open_works(database, secrets={"x": "task"}) as works:
        await park(works)
        [before] = await tasks(works.pool)
        await works.crash()
        await works.pool.execute(
            "UPDATE execution_log SET output = (output::jsonb - 'task_id')"
            " || '{\"[secret x]_id\": \"e:ask:1\"}' WHERE step_id = 'ask'"
        )
        await works.pool.execute("UPDATE partition_owners SET emitted_seq = 0")
    async with open_works(database, secrets={"x": "task"}) as works:
        await caught_up(works)
        assert await tasks(works.pool) == [before, before]


@pytest.mark.parametrize("brought", ["$base64encode(secrets.mine)", "$split(secrets.mine, '')"])
async def test_what_was_learnt_of_a_mark_gets_nobody_a_secret(database: str, brought: str) -> None:
    """A sender who has seen one step's mark has the receiver of another hear his own text."""
    secrets = {"mine": "one's own", "api_key": "not his"}
    async with listening() as (url, heard), open_works(database, secrets=secrets) as works:
        await start(works, await works.register(workflow(transform("tell", brought))))
        await all_ended(works.pool, 1)
        told = await works.pool.fetchval("SELECT output FROM execution_log WHERE step_id = 'tell'")
        seen = orjson.loads(told)
        mark = "".join(seen) if isinstance(seen, list) else base64.b64decode(seen).decode("utf-8")
        found = re.search("secret:([0-9a-f]{32}):", mark)
        assert found is not None
        note = f"\ue000secret:{found[1]}:api_key\ue001"
        src = {"url": url, "method": "POST", "json": ["{{payload.note}}", "{{secrets.mine}}"]}
        call = {
            "id": "call",
            "action": "http_request",
            "input": {"lang": "placeholder", "src": src},
        }
        await start(works, await works.register(workflow(call)), payload={"note": note})
        await all_ended(works.pool, 2)
    assert heard == [[note, "one's own"]]
