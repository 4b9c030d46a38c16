"""The keys of issuers: fetched, kept, bounded, and judged."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from jwt.algorithms import ECAlgorithm

from services.api.http.problems import NotLetIn
from services.api.login.jwt_keys import FRESH_S, KEPT_S, PAUSE_S, FetchedKeys, read_keys
from shared.domain.errors import Unavailable
from shared.egress.caller import open_caller
from shared.egress.settings import EgressSettings
from tests.integration.api.issued import Key, Published
from tests.support.still_clock import StillClock

ONE, TWO = Key("one"), Key("two")
HERE = EgressSettings(allow_loopback=True)


@pytest.fixture
def clock() -> StillClock:
    """A clock to put forward."""
    return StillClock()


@pytest.fixture
def published() -> Published:
    """What the issuer publishes."""
    return Published()


@pytest_asyncio.fixture
async def server(published: Published) -> AsyncIterator[BaseTestServer]:
    """The issuer's server."""
    app = web.Application()
    app.router.add_get("/keys", published.handle)
    async with TestServer(app) as running:
        yield running


@asynccontextmanager
async def opened(
    server: BaseTestServer, clock: StillClock, settings: EgressSettings = HERE
) -> AsyncIterator[FetchedKeys]:
    """The keys that the server has."""
    async with open_caller(settings, clock) as caller:
        yield FetchedKeys(str(server.make_url("/keys")), "ES256", caller, clock)


async def missing(keys: FetchedKeys, key_id: str | None) -> bool:
    """Whether there is no such key."""
    try:
        await keys.key(key_id)
    except NotLetIn:
        return True
    return False


async def test_keys_are_fetched_once_and_again_when_they_are_old(
    server: BaseTestServer, published: Published, clock: StillClock
) -> None:
    """One request for many questions; a key that was taken back counts no more after a while."""
    published.document = {"keys": [ONE.jwk(), TWO.jwk()]}
    async with opened(server, clock) as keys:
        for _ in range(3):
            assert (await keys.key("one")).key_id == "one"
            assert (await keys.key("two")).key_id == "two"
        assert published.asked == 1
        assert await missing(keys, None)
        published.document = {"keys": [ONE.jwk()]}
        clock.by_s += FRESH_S + 1
        assert await missing(keys, "two")
        assert published.asked == 2
        assert (await keys.key(None)).key_id == "one"


async def test_unknown_ids_cause_few_requests(
    server: BaseTestServer, published: Published, clock: StillClock
) -> None:
    """However many are asked for: one request in ``PAUSE_S``, by which a new key is found."""
    published.document = {"keys": [ONE.jwk()]}
    async with opened(server, clock) as keys:
        await keys.key("one")
        clock.by_s += PAUSE_S + 1
        for number in range(50):
            assert await missing(keys, f"../../{number}' OR 1=1")
        assert published.asked == 2
        published.document = {"keys": [ONE.jwk(), TWO.jwk()]}
        assert await missing(keys, "two")
        clock.by_s += PAUSE_S + 1
        assert (await keys.key("two")).key_id == "two"
        assert published.asked == 3


async def test_an_issuer_may_be_away_for_a_while(
    server: BaseTestServer, published: Published, clock: StillClock
) -> None:
    """Known keys count for an hour; then nobody can be let in, which is nobody's fault."""
    published.document = {"keys": [ONE.jwk()]}
    async with opened(server, clock) as keys:
        await keys.key("one")
        aways: tuple[Any, ...] = (
            {"keys": "none"},
            [],
            {"keys": [ONE.jwk()] * 101},
            "x" * 2_000_000,
        )
        for away in aways:
            published.document = away
            clock.by_s += FRESH_S + 1
            assert (await keys.key("one")).key_id == "one"
        clock.by_s += KEPT_S
        with pytest.raises(Unavailable):
            await keys.key("one")


async def test_the_guard_judges_the_address(
    server: BaseTestServer, published: Published, clock: StillClock
) -> None:
    """Where this machine may not be called, its keys are not to be had."""
    published.document = {"keys": [ONE.jwk()]}
    async with opened(server, clock, EgressSettings()) as keys:
        with pytest.raises(Unavailable):
            await keys.key("one")
    assert published.asked == 0


@pytest.mark.parametrize(
    "more",
    [
        {"use": "enc"},
        {"use": ["sig"]},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "ES384"},
        {"alg": "none"},
        {"kid": 7},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "none"},
        {"crv": "P-384"},
        {"crv": None},
        {"x": "AAAA"},
        {"y": 7},
        {"d": ECAlgorithm.to_jwk(ONE.private, as_dict=True)["d"]},
    ],
    ids=",".join,
)
def test_keys_for_something_else_are_passed_over(more: dict[str, Any]) -> None:
    """And the others of the set count."""
    listed = [ONE.jwk(**more), "no key", None, TWO.jwk(use=None, alg=None, key_ops=["verify"])]
    assert list(read_keys({"keys": listed}, "ES256")) == ["two"]
