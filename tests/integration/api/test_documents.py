"""What Turnout says of itself, over HTTP."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.wire.topics import Topics
from tests.integration.api.asking import OPERATOR
from tests.integration.api.conftest import Serve

MEDIA: Mapping[str, str] = {
    "/openapi.json": "application/json",
    "/asyncapi.json": "application/json",
    "/schemas/workflow.json": "application/json",
    "/docs": "text/html",
}


@pytest.mark.parametrize("path", MEDIA)
async def test_anybody_may_read_it_and_need_not_read_it_twice(serve: Serve, path: str) -> None:
    """Without a login it is there; who shows its ETag is told 304, with nothing in it."""
    client = await serve(OPERATOR)
    async with client.get(path) as answer:
        assert (answer.status, answer.content_type) == (200, MEDIA[path])
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        etag, whole = answer.headers["ETag"], await answer.read()
    assert len(whole) > 1_000
    assert OPERATOR.encode() not in whole
    for shown, status in ((etag, 304), (f'"x", {etag}', 304), ("*", 304), ('"x"', 200)):
        async with client.get(path, headers={"If-None-Match": shown}) as answer:
            assert answer.status == status, shown
            assert answer.headers["ETag"].replace("-gzip", "") == etag.replace("-gzip", "")
            assert await answer.read() == (b"" if status == 304 else whole)


async def test_the_page_may_do_nothing(serve: Serve) -> None:
    """Its policy keeps it from scripts, frames, forms and other hosts."""
    client = await serve(None)
    async with client.get("/docs") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


async def test_the_topics_are_those_of_the_deployment(resources: ApiResources) -> None:
    """Their names are settings; the document shows the real ones."""
    own = replace(resources, topics=Topics(prefix="acme", sources=("shop.orders",)))
    async with TestClient(TestServer(build_app(own, ApiSettings()))) as client:
        document: Any = await (await client.get("/asyncapi.json")).json()
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert {"shop.orders", "acme.step-results", "acme.tasks.{action}"} <= addresses
    assert not any(address.startswith("turnout") for address in addresses)
