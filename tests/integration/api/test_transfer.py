"""How documents travel: their headers, and what is squeezed on the way."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from services.api.app import build_app
from services.api.http.route import OPEN, READ
from services.api.resources import ApiResources
from services.api.routes import ROUTES
from services.api.settings import ApiSettings
from tests.integration.api.asking import OPERATOR
from tests.integration.api.conftest import Client, Serve
from tests.integration.api.test_auth import path_of

BODY_BYTES_MAX = ApiSettings().body_bytes_max
RAW = {"auto_decompress": False}
JSON = {"Content-Type": "application/json"}
BOMB_BYTES = 10_000_000


async def test_every_answer_says_how_it_is_to_be_taken(serve: Serve) -> None:
    """Let in or not: as what it is, by no version, and not stored if it took a login."""
    client = await serve(OPERATOR)
    shown = {"Authorization": OPERATOR, "Origin": "https://elsewhere.example"}
    wanted = [(route.method, path_of(route), route.needs) for route in ROUTES]
    for method, path, needs in (*wanted, ("GET", "/v1/nowhere", READ), ("PUT", "/", READ)):
        for headers in (shown, {}):
            async with client.request(method, path, headers=headers) as answer:
                assert answer.headers["X-Content-Type-Options"] == "nosniff", path
                assert answer.headers["Server"] == "turnout", path
                if needs != OPEN:
                    assert "no-" in answer.headers["Cache-Control"], path
                assert not [name for name in answer.headers if name.startswith("Access-Control")]
    preflight = {**shown, "Access-Control-Request-Method": "POST"}
    async with client.request("OPTIONS", "/v1/events", headers=preflight) as answer:
        assert answer.status == 405
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


async def test_long_answers_are_gzipped_for_those_who_take_it(client: Client) -> None:
    """With another tag, by which the document can be changed all the same; short ones are not."""
    path = "/v1/workflows/4a4de828-f4c9-4bea-8ef4-2d705aec43bc"
    long = {"name": "long", "description": "d" * 2_000}
    async with client.put(path, json=long) as answer:
        made = await answer.json()
    for accepted, is_gzipped in (("gzip", True), ("br, *;q=0.5", True), ("gzip;q=0", False)):
        async with client.get(path, headers={"Accept-Encoding": accepted}) as answer:
            assert (answer.headers.get("Content-Encoding") == "gzip") is is_gzipped, accepted
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert answer.headers["ETag"].endswith('-gzip"') is is_gzipped
            assert await answer.json() == made
            if is_gzipped:
                assert int(answer.headers["Content-Length"]) < 1_500
                tag = answer.headers["ETag"]
    async with client.put(path, json={"name": "new"}, headers={"If-Match": tag}) as answer:
        assert answer.status == 200
    async with client.get("/healthz", headers={"Accept-Encoding": "gzip"}) as answer:
        assert "Content-Encoding" not in answer.headers


async def test_streams_are_sent_as_they_are(resources: ApiResources) -> None:
    """What they send arrives at once, and is under the same headers as all else."""
    app = build_app(replace(resources, registry=CollectorRegistry()), ApiSettings())

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: " + b"x" * 5_000 + b"\n\n")
        return response

    app.router.add_get("/streamed", stream)
    accepting = {"Accept-Encoding": "gzip"}
    async with (
        TestClient(TestServer(app)) as client,
        client.get("/streamed", headers=accepting) as answer,
    ):
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Server"] == "turnout"
        assert answer.headers["X-Request-Id"]
        assert len(await answer.read()) == 5_008


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_body_is_as_long_as_it_is_unpacked(client: Client, coding: str) -> None:
    """One of the limit is read; a byte more is 413, and so is a bomb."""
    pack = gzip.compress if coding == "gzip" else zlib.compress
    headers = {**JSON, "Content-Encoding": coding}
    for length, status in ((BODY_BYTES_MAX, 202), (BODY_BYTES_MAX + 1, 413), (BOMB_BYTES, 413)):
        body = b'{"event": "e"}'.ljust(length)
        async with client.post("/v1/events", data=pack(body), headers=headers) as answer:
            assert answer.status == status, (length, await answer.text())
    twice = pack(pack(b"x" * BOMB_BYTES))
    for data in (twice, b"{"):
        async with client.post("/v1/events", data=data, headers=headers) as answer:
            assert answer.status == 400, await answer.text()


async def test_a_body_is_refused_as_soon_as_it_is_too_large(client: Client) -> None:
    """Nobody waits for its end, nor keeps what comes until then."""
    never = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b'{"event": "' + b"x" * BODY_BYTES_MAX
        await never.wait()

    async with client.post("/v1/events", data=endless(), headers=JSON) as answer:
        assert answer.status == 413


@pytest.mark.parametrize("coding", ["compress", "gzip, gzip", "x"])
async def test_a_body_in_another_coding_is_not_taken_for_a_plain_one(
    client: Client, coding: str
) -> None:
    """What is no gzip and no deflate is 415, and the sender is told why."""
    headers = {**JSON, "Content-Encoding": coding}
    async with client.post("/v1/events", data=b'{"event": "e"}', headers=headers) as answer:
        assert answer.status == 415
        assert "gzip or deflate" in (await answer.json(content_type=None))["detail"]
