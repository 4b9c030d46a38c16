"""Bounds of live updates: who reads too slowly, who may not any more, and how many there are."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from services.api.app import build_app
from services.api.resources import STOP, ApiResources
from services.api.settings import ApiSettings
from shared.bus.beside import beside
from shared.client.server_sent import ServerSent
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.listening import Ear, document, open_all
from tests.support.eventually import eventually
from tests.support.served import Client
from tests.support.still_clock import StillClock
from tests.support.works import all_ended, start, transform, workflow

LARGE = "x" * 200_000
SLOW = f'turnout_live_streams_ended_total{{environment="{DEFAULT_ENVIRONMENT}",reason="slow"}}'


async def metric(client: Client, name: str) -> float:
    """What the API tells of a metric; 0 before it tells anything."""
    async with client.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))


async def becomes(client: Client, name: str, value: float) -> None:
    """Return when a metric has a value."""
    async with asyncio.timeout(60):
        while await metric(client, name) != value:
            await asyncio.sleep(0.02)


async def test_who_reads_too_slowly_is_left_behind_alone(database: str) -> None:
    """A stream that nobody reads is ended, and the others hear everything."""
    async with open_all(database, recent_records_max=100, recent_s=0, send_within_s=2) as (
        works,
        client,
    ):
        flow = await works.register(workflow(transform("a", "payload"), transform("b", "payload")))
        ear, address = Ear(client, "/v1/live?kinds=steps"), client.server
        with socket.create_connection((address.host, address.port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.sendall(b"GET /v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await becomes(client, "turnout_live_listeners", 1)
            async with ear.listening() as events:
                await anext(events)
                async with beside(hear_all(events)):
                    for n in range(1, 6):
                        await start(works, flow, 8, LARGE)
                        await all_ended(works.pool, 8 * n)
                        await eventually(partial(has_heard, ear, 16 * n), within_s=20)
                    await becomes(client, SLOW, 1)
                    await becomes(client, "turnout_live_listeners", 1)
        assert {event.name for event in ear.heard} == {"step"}
        passed = f'turnout_live_events_total{{environment="{DEFAULT_ENVIRONMENT}"}}'
        assert await metric(client, passed) >= len(ear.heard)
        await becomes(client, "turnout_live_listeners", 0)


async def test_who_is_let_in_no_more_hears_no_more(database: str) -> None:
    """A key that expires or is revoked ends its streams, also those on which nothing comes."""
    clock = StillClock()
    async with open_all(database, OPERATOR, more={"clock": clock}, check_s=0.05) as (_, client):
        operator = Asker(client, OPERATOR)
        until = (clock.now() + timedelta(seconds=1)).isoformat()
        keys = [
            await operator.new_key([Scope.READ]),
            await operator.new_key([Scope.READ], expires_at=until),
        ]
        ears = [Ear(client, "/v1/live", key["secret"]) for key in (*keys, {"secret": OPERATOR})]

        def as_time_passes() -> bool:
            clock.by_s += 0.25
            return all(ear.heard for ear in ears[:2])

        async with AsyncExitStack() as stack:
            for ear in ears:
                await stack.enter_async_context(beside(hear_one(ear)))
            await becomes(client, "turnout_live_listeners", 3)
            assert (await operator.ask("DELETE", f"/v1/keys/{keys[0]['id']}"))[0] in (200, 204)
            await eventually(as_time_passes)
            assert ears[2].heard == []
        for ear in ears[:2]:
            assert (ear.heard[0].name, document(ear.heard[0])["reason"]) == ("close", "login")


async def test_there_are_so_many_streams(database: str) -> None:
    """Of one, 429; of everybody, 503; and there is room again when somebody leaves."""
    async with open_all(database, OPERATOR, streams_max=3, streams_of_one_max=2) as (_, client):
        operator = Asker(client, OPERATOR)
        one, other = [await operator.new_key([Scope.READ]) for _ in range(2)]
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(Ear(client, "/v1/live", one["secret"]).listening())
            await refused(client, one["secret"], 429)
            await stack.enter_async_context(Ear(client, "/v1/live", OPERATOR).listening())
            await refused(client, other["secret"], 503)
        await becomes(client, "turnout_live_listeners", 0)
        async with Ear(client, "/v1/live", one["secret"]).listening():
            pass


async def test_a_process_that_stops_says_so_at_once(resources: ApiResources) -> None:
    """Its streams end, with when to come back; no other is opened."""
    app = build_app(resources, ApiSettings())
    app[STOP] = asyncio.Event()
    async with TestClient(TestServer(app)) as client:
        ear = Ear(client, "/v1/live")
        async with ear.listening() as events:
            await anext(events)
            app[STOP].set()
            async with asyncio.timeout(10):
                assert [event.name async for event in events] == ["close"]
        assert document(ear.heard[0])["reason"] == "stopping"
        await refused(client, None, 503)


async def test_a_server_that_is_closed_waits_for_no_listener(resources: ApiResources) -> None:
    """Its streams end with it."""
    server = TestServer(build_app(resources, ApiSettings()))
    async with TestClient(server) as client:
        ear = Ear(client, "/v1/live")
        async with ear.listening() as events:
            await anext(events)
            async with asyncio.timeout(10):
                await server.close()
            assert [event.name async for event in events] == ["close"]


async def test_silence_is_broken(resources: ApiResources) -> None:
    """By a line that says nothing, and the id to come back with."""
    live: Any = {"heartbeat_s": 0.05}
    app = build_app(resources, ApiSettings.model_validate({"live": live}))
    async with TestClient(TestServer(app)) as client:
        async with client.get("/v1/live") as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Accel-Buffering"] == "no"
            assert "Content-Encoding" not in answer.headers
            blocks = [await answer.content.readuntil(b"\n\n") for _ in range(4)]
        assert blocks[0] == b"retry: 2000\n\n"
        assert blocks[1].startswith(b"id: ")
        assert blocks[2] == blocks[3] == b":\n" + blocks[1]


async def hear_all(events: AsyncIterator[ServerSent]) -> None:
    """Take what comes as fast as it does."""
    async for _ in events:
        pass


def has_heard(ear: Ear, count: int) -> bool:
    """Whether so much has been said."""
    return len(ear.heard) >= count


async def hear_one(ear: Ear) -> None:
    """Hear until something is said, or nothing follows."""
    await ear.hear(1)


async def refused(client: Client, secret: str | None, status: int) -> None:
    """A stream more is refused, with when to come back."""
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    async with client.get("/v1/live", headers=headers) as answer:
        assert answer.status == status, await answer.text()
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.content_type == "application/problem+json"
