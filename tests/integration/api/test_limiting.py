"""Whoever asks too often is told to wait, and so is whoever fails to log in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.login.issuers import Issuer
from services.api.login.jwt_tokens import Issuers
from services.api.resources import ApiResources
from services.api.settings import ApiSettings, RateSettings
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import Scope
from shared.egress.caller import open_caller
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Client
from tests.integration.api.issued import AUDIENCE, ISSUER, Key, claims

LIMITS = RateSettings(requests_per_s=5, failed_logins_per_min=3)
WRONG = {"Authorization": f"tot_{'A' * 43}"}

Limited = Callable[..., Awaitable[Client]]


class Stopped(SystemClock):
    """A clock whose stopwatch is moved by hand, so that a slow machine changes nothing."""

    at = 1_000.0

    def monotonic(self) -> float:
        return self.at


@pytest_asyncio.fixture
async def clock() -> Stopped:
    """The clock of the API."""
    return Stopped()


@pytest_asyncio.fixture
async def limited(resources: ApiResources, clock: Stopped) -> AsyncIterator[Limited]:
    """Starts an API with limits that asks for a token, or for none."""
    async with AsyncExitStack() as stack:

        async def start(token: str | None, limits: RateSettings, *issuers: Issuer) -> Client:
            secret = None if token is None else SecretStr(token)
            own = replace(resources, token=secret, registry=CollectorRegistry(), clock=clock)
            caller = await stack.enter_async_context(open_caller(EgressSettings(), clock))
            read = Issuers(issuers, caller, clock) if issuers else None
            server = TestServer(build_app(own, ApiSettings(), read, limits))
            return await stack.enter_async_context(TestClient(server))

        yield start


async def statuses(client: Client, times: int, **headers: str) -> list[int]:
    """What so many requests are answered."""
    found = []
    for _ in range(times):
        async with client.get("/v1/workflows", headers=headers) as answer:
            found.append(answer.status)
    return found


def issuer_with(key: Key) -> Issuer:
    """One whose tokens name an environment."""
    return Issuer(
        issuer=ISSUER,
        audience=AUDIENCE,
        algorithm="ES256",
        public_key=key.pem,
        environment_claim="env",
    )


async def test_a_key_may_ask_so_often(limited: Limited, clock: Stopped) -> None:
    """Then it is told to wait, in numbers; another key is not, nor is the operator."""
    client = await limited(OPERATOR, LIMITS)
    operator = Asker(client, OPERATOR)
    one, other = [(await operator.key([Scope.READ])).secret or "" for _ in range(2)]
    assert await statuses(client, 7, Authorization=one) == [200] * 5 + [429] * 2
    async with client.get("/v1/workflows", headers={"Authorization": one}) as answer:
        refusal = await answer.json(content_type=None)
        assert answer.content_type == "application/problem+json"
        assert refusal["errors"][0]["code"] == "TOO_MANY_REQUESTS"
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["RateLimit-Policy"] == '"requests";q=5;w=1'
        assert answer.headers["RateLimit"] == '"requests";r=0;t=1'
    async with client.get("/v1/workflows", headers={"Authorization": other}) as answer:
        assert answer.headers["RateLimit"] == '"requests";r=4;t=1'
        assert list(answer.headers).count("RateLimit") == 1
    assert await statuses(client, 30, Authorization=OPERATOR) == [200] * 30
    clock.at += 0.2
    assert await statuses(client, 2, Authorization=one) == [200, 429]
    async with client.get("/metrics") as answer:
        text = await answer.text()
    told = f'turnout_http_refused_total{{environment="{DEFAULT_ENVIRONMENT}",limit="requests"}} 4.0'
    assert told in text
    assert one[4:12] not in text


async def test_refusals_and_streams_say_what_is_left(limited: Limited) -> None:
    """Whatever the answer is: who is limited is told of it, and who is not is told nothing."""
    client = await limited(OPERATOR, LIMITS)
    key = await Asker(client, OPERATOR).key([Scope.READ])
    for left, (path, status) in enumerate(
        (
            ("/v1/live", 200),
            (f"/v1/workflows/{DEFAULT_ENVIRONMENT}", 404),
            ("/v1/workflows?limit=0", 400),
            ("/v1/nothing", 404),
        )
    ):
        async with client.get(path, headers={"Authorization": str(key.secret)}) as answer:
            assert (answer.status, path) == (status, path)
            assert answer.headers["RateLimit"] == f'"requests";r={4 - left};t=1'
            assert answer.headers["RateLimit-Policy"] == '"requests";q=5;w=1'
        async with client.get(path, headers={"Authorization": OPERATOR}) as answer:
            assert "RateLimit" not in answer.headers


async def test_a_subject_is_counted_in_each_of_its_environments(limited: Limited) -> None:
    """What it asks in one environment leaves it its times in another."""
    key = Key("one")
    client = await limited(OPERATOR, LIMITS, issuer_with(key))
    live, test = [await Asker(client, OPERATOR).new_environment(name) for name in ("live", "test")]
    for environment in (live, test):
        token = key.token(claims(env=environment))
        assert await statuses(client, 7, Authorization=token) == [200] * 5 + [429] * 2
        again = key.token(claims(env=environment, jti="another"))
        assert await statuses(client, 1, Authorization=again) == [429]


async def test_streams_of_a_subject_are_counted_in_each_environment(limited: Limited) -> None:
    """Those that it has open in one environment leave it room in another."""
    key = Key("one")
    client = await limited(OPERATOR, RateSettings(requests_per_s=0), issuer_with(key))
    live, test = [await Asker(client, OPERATOR).new_environment(name) for name in ("live", "test")]
    async with AsyncExitStack() as stack:

        async def opened(environment: str) -> int:
            shown = {"Authorization": key.token(claims(env=environment))}
            return (await stack.enter_async_context(client.get("/v1/live", headers=shown))).status

        assert [await opened(live) for _ in range(21)] == [200] * 20 + [429]
        assert await opened(test) == 200


async def test_where_no_login_is_needed_nothing_is_limited(limited: Limited) -> None:
    """As for ``turnout dev``; and with limits of 0."""
    client = await limited(None, LIMITS)
    assert await statuses(client, 20) == [200] * 20
    open_ended = await limited(OPERATOR, RateSettings(requests_per_s=0, failed_logins_per_min=0))
    assert await statuses(open_ended, 20, **WRONG) == [401] * 20


async def test_an_address_may_fail_so_often(limited: Limited, clock: Stopped) -> None:
    """Then nobody but the operator is let in from there, and nothing is looked up."""
    client = await limited(OPERATOR, LIMITS)
    key = (await Asker(client, OPERATOR).key([Scope.READ])).secret or ""
    assert await statuses(client, 5) == [401] * 5
    forged = {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"}
    assert await statuses(client, 5, **WRONG) == [401] * 3 + [429] * 2
    assert await statuses(client, 2, **WRONG, **forged) == [429] * 2
    assert await statuses(client, 1, Authorization=key) == [429]
    assert await statuses(client, 2, Authorization=OPERATOR) == [200] * 2
    assert await statuses(client, 1) == [401]
    async with client.get("/v1/workflows", headers=WRONG) as answer:
        assert answer.headers["Retry-After"] == "20"
    clock.at += 20
    assert await statuses(client, 1, Authorization=key) == [200]
    assert await statuses(client, 2, **WRONG) == [401, 429]
    async with client.get("/metrics") as answer:
        told = 'turnout_http_refused_total{environment="(other)",limit="failed_logins"} 7.0'
        assert told in await answer.text()


async def test_a_secret_in_a_body_counts_as_one_in_a_header(limited: Limited) -> None:
    """Whoever has failed too often with one may not try on with the other."""
    client = await limited(OPERATOR, LIMITS)
    path, wrong = "/transactionlink/auth/authorize", {"key": "k", "secret": f"tot_{'A' * 43}"}
    for status in (401, 401, 401, 429):
        async with client.post(path, json=wrong) as answer:
            assert answer.status == status
    assert await statuses(client, 1, **WRONG) == [429]
