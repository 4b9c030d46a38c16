"""An API over the database and the bus of a running executor."""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.computing import Computing
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from services.api.webhooks.pace import Pace
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.egress.guard import EgressPolicy
from shared.expr.jsonata import ExpressionCache
from tests.support.answers import open_checked
from tests.support.house import House
from tests.support.rings import ring

Client = TestClient[Request, Application]


@asynccontextmanager
async def open_api(
    works: House,
    token: str | None = None,
    settings: ApiSettings | None = None,
    computing: Computing | None = None,
    share: Semaphore | None = None,
) -> AsyncIterator[Client]:
    """A client of the API; without a token nobody needs to log in."""
    platform = works.platform
    resources = ApiResources(
        pool=platform.pool,
        bus=platform.bus,
        topics=platform.topics,
        clock=platform.clock,
        registry=CollectorRegistry(),
        expressions=ExpressionCache(64),
        new_id=uuid4,
        token=None if token is None else SecretStr(token),
        default_environment=DEFAULT_ENVIRONMENT,
        pace=Pace(platform.clock),
        egress=EgressPolicy(allow_loopback=True),
        ring=ring("k1"),
        computing=computing or Computing(),
        share=share,
    )
    async with open_checked(build_app(resources, settings or ApiSettings())) as client:
        yield client
