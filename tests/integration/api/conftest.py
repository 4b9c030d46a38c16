"""A real server of the API over real Postgres and the local bus."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.computing import Computing
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from services.api.webhooks.pace import Pace
from shared.bus.local import open_local_bus
from shared.bus.protocol import Bus, Topic
from shared.db.pool import Connection, Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.egress.guard import EgressPolicy
from shared.expr.jsonata import ExpressionCache
from shared.runtime.clock import SystemClock
from shared.wire.topics import Topics
from tests.support.answers import open_checked

Client = TestClient[Request, Application]

Serve = Callable[[str | None], Awaitable[Client]]


_HOLDS: ContextVar[bool] = ContextVar("holds", default=False)


@pytest.fixture(autouse=True)
def one_connection_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request that holds a connection waits for another, or for its turn to compute.

    A few such would stop each other, and everybody else.
    """
    engine = ApiResources.engine

    @asynccontextmanager
    async def alone(self: ApiResources) -> AsyncIterator[Connection]:
        assert not _HOLDS.get(), "a request holds one connection, and asks for another"
        _HOLDS.set(True)
        try:
            async with engine(self) as conn:
                yield conn
        finally:
            _HOLDS.set(False)

    def apart(call: Any) -> Any:
        async def called(*given: Any) -> Any:
            assert not _HOLDS.get(), "a request holds a connection while it computes"
            return await call(*given)

        return called

    monkeypatch.setattr(ApiResources, "engine", alone)
    monkeypatch.setattr(Computing, "run", apart(Computing.run))
    monkeypatch.setattr(Computing, "call", apart(Computing.call))


@pytest_asyncio.fixture
async def bus(pool: Pool) -> AsyncIterator[Bus]:
    """The local bus with every topic."""
    async with open_local_bus(pool, SystemClock()) as opened:
        await opened.ensure_topics([Topic(name=n, partitions=2) for n in Topics().all])
        yield opened


@pytest_asyncio.fixture
async def resources(pool: Pool, bus: Bus) -> ApiResources:
    """What the API works with; nobody needs to log in."""
    return ApiResources(
        pool=pool,
        bus=bus,
        topics=Topics(),
        clock=SystemClock(),
        registry=CollectorRegistry(),
        expressions=ExpressionCache(64),
        new_id=uuid4,
        token=None,
        default_environment=DEFAULT_ENVIRONMENT,
        pace=Pace(SystemClock()),
        egress=EgressPolicy(allow_loopback=True),
    )


@pytest_asyncio.fixture
async def serve(resources: ApiResources) -> AsyncIterator[Serve]:
    """Starts an API that asks for a token, or for none."""
    async with AsyncExitStack() as stack:

        async def start(token: str | None) -> Client:
            own = replace(
                resources,
                token=None if token is None else SecretStr(token),
                registry=CollectorRegistry(),
            )
            app = build_app(own, ApiSettings())
            return await stack.enter_async_context(open_checked(app))

        yield start


@pytest_asyncio.fixture
async def client(serve: Serve) -> Client:
    """A client of an API that asks for no token."""
    return await serve(None)
