"""The command line's own listener, which comes back by itself."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestServer
from click.testing import CliRunner
from prometheus_client import CollectorRegistry

from services.api.app import build_app
from services.api.resources import ApiResources
from services.cli.__main__ import TURNOUT
from services.cli.client import open_client
from shared.bus.beside import beside
from shared.bus.protocol import Record
from shared.domain.causes import Cause
from shared.domain.errors import Unavailable
from shared.domain.executions import Entry, Phase
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, ExecutionId, WorkflowId
from shared.wire.results import Origin, encode_phases
from tests.integration.api.listening import document, having, open_all
from tests.support.eventually import eventually
from tests.support.served import Client
from tests.support.works import NOTE, start, until, workflow

ASK = {"id": "ask", "kind": "approval", "approval": {"message": "Go on?"}}
BEGINNING = "BAAABAAA"  # of two topics with two partitions each
WORKFLOW, EVENT = WorkflowId(uuid4()), EventKey(uuid4())
ORIGIN = Origin(
    execution_id=ExecutionId(uuid4()),
    workflow_id=WORKFLOW,
    workflow_version=1,
    environment_id=DEFAULT_ENVIRONMENT,
    event_key=EVENT,
    cause=Cause(root=EVENT, depth=0, path=(WORKFLOW,)),
)


@asynccontextmanager
async def serving(resources: ApiResources, port: int) -> AsyncIterator[None]:
    """An API at a port, until the context ends."""
    own = replace(resources, registry=CollectorRegistry())
    server = TestServer(build_app(own, having(retry_s=0.05)), port=port)
    await server.start_server()
    try:
        yield
    finally:
        await server.close()


async def say(resources: ApiResources, *positions: int) -> None:
    """Publish a change of an execution for each position."""
    entries = [Entry(position=n, phases=(Phase.WAITING,)) for n in positions]
    await resources.bus.publish(
        [
            Record(resources.topics.executions, b"key", record)
            for entry in entries
            for record in encode_phases(ORIGIN, entry, datetime.now(UTC))
        ]
    )


async def test_it_comes_back_by_itself(
    resources: ApiResources, held_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each record once and in order, whatever the API does meanwhile; and it says so."""
    heard: list[int] = []

    async def listen() -> None:
        async with open_client(f"http://127.0.0.1:{held_port}", None) as client:
            async for event in client.follow("v1/live", after=BEGINNING):
                if event.name == "execution":
                    heard.append(document(event)["position"])  # noqa: PERF401 - it never ends

    await say(resources, 1)
    async with AsyncExitStack() as first:
        await first.enter_async_context(serving(resources, held_port))
        async with beside(listen()):
            await say(resources, 2, 3)
            await eventually(lambda: heard == [1, 2, 3])
            await first.aclose()
            await say(resources, 4, 5)
            told = ""
            async with asyncio.timeout(30):
                while "does not answer" not in told:
                    await asyncio.sleep(0.02)
                    told += capsys.readouterr().err
            async with serving(resources, held_port):
                await say(resources, 6)
                await eventually(lambda: heard == [1, 2, 3, 4, 5, 6])


async def test_who_never_answered_is_not_waited_for(held_port: int) -> None:
    """Without a first connection there is nothing to come back to."""
    async with open_client(f"http://127.0.0.1:{held_port}", None) as client:
        with pytest.raises(Unavailable):
            await anext(client.follow("v1/live"))


async def test_watching_goes_on_where_no_stream_can_be_had(database: str) -> None:
    """It says so, and asks again and again."""
    async with open_all(database, streams_max=0) as (works, client):
        [id_] = await start(works, await works.register(workflow(ASK, NOTE)))
        await until(works.pool, "SELECT count(*) FROM waits", 1)
        asked = [
            "execution",
            "watch",
            str(id_),
            "--timeout",
            "60",
            "--url",
            str(client.make_url("/")),
        ]
        watching = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, TURNOUT, asked))
        async with asyncio.timeout(60):
            while await refusals(client) == 0:
                await asyncio.sleep(0.02)
        path = f"/v1/executions/{id_}/steps/ask/decision"
        async with client.post(path, json={"decision": "approve", "by": "me"}) as answer:
            assert answer.status == 200, await answer.text()
        watched = await watching
    assert watched.exit_code == 0, watched.output
    assert "COMPLETED" in watched.stdout.splitlines()[-1]
    assert "Asking every" in watched.stderr


async def refusals(client: Client) -> int:
    """How many streams the API has refused."""
    refused = re.compile(
        r'^turnout_http_request_seconds_count\{.*/live".*status="503".*\} (\d+)', re.MULTILINE
    )
    async with client.get("/metrics") as answer:
        found = refused.search(await answer.text())
    return 0 if found is None else int(found[1])
