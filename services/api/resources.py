"""What the HTTP face works with."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.settings import ApiSettings
from shared.bus.protocol import Bus
from shared.db.pool import Connection, Pool, translated
from shared.domain.ids import EnvironmentId
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import DEPTH_MAX
from shared.runtime.clock import Clock
from shared.wire.topics import Topics

_CONNECTION_WITHIN_S: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResources:
    """Everything a handler may use. Without a ``token`` nobody needs to log in."""

    pool: Pool
    bus: Bus
    topics: Topics
    clock: Clock
    registry: CollectorRegistry
    expressions: ExpressionCache
    new_id: Callable[[], UUID]
    token: SecretStr | None
    default_environment: EnvironmentId
    causation_depth_max: int = DEPTH_MAX

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection to Postgres. Raises Unavailable when there is none in time."""
        with translated():
            async with self.pool.acquire(timeout=_CONNECTION_WITHIN_S) as conn:
                yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction, which is committed unless an error leaves it."""
        async with self.connection() as conn, conn.transaction():
            yield conn


RESOURCES: Final = web.AppKey("resources", ApiResources)
SETTINGS: Final = web.AppKey("settings", ApiSettings)
