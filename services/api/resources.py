"""What the HTTP face works with."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Final
from uuid import UUID

from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.settings import ApiSettings
from shared.bus.protocol import Bus
from shared.db.pool import Connection, Pool, translated
from shared.db.secrets import names_of, read_secrets
from shared.db.tenancy import become_tenant
from shared.domain.ids import EnvironmentId
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import DEPTH_MAX
from shared.runtime.clock import Clock
from shared.runtime.keyring import KeyRing
from shared.wire.topics import Topics

_CONNECTION_WITHIN_S: Final = 5


def _new_token() -> str:
    return token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResources:
    """Everything a handler may use. Without a ``token`` nobody needs to log in.

    ``secrets`` are those of the default environment that are configured, by names in lower case,
    for want of stored ones, which ``ring`` encrypts; ``new_token`` gives 256 bits of chance, fit
    for a URL.
    """

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
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)
    ring: KeyRing = field(default_factory=KeyRing)
    new_token: Callable[[], str] = _new_token
    retrying: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever tries dead letters again."""

    async def secret_names(self, conn: Connection, environment_id: EnvironmentId) -> frozenset[str]:
        """The secrets that webhooks of an environment may ask for."""
        return await names_of(conn, environment_id) | self._configured(environment_id).keys()

    async def find_secret(
        self, conn: Connection, environment_id: EnvironmentId, name: str
    ) -> SecretStr | None:
        """What a webhook asks its senders for; None: there is no such secret.

        Raises Unavailable for one that cannot be decrypted: no other stands in for it.
        """
        stored = await read_secrets(conn, self.ring, environment_id, [name])
        configured = self._configured(environment_id).get(name)
        return SecretStr(stored[name]) if name in stored else configured

    def _configured(self, environment_id: EnvironmentId) -> Mapping[str, SecretStr]:
        return self.secrets if environment_id == self.default_environment else {}

    @asynccontextmanager
    async def tenant(self, environment_id: EnvironmentId) -> AsyncIterator[Connection]:
        """A transaction that sees one environment, committed unless an error leaves it.

        Raises Unavailable when there is no connection in time.
        """
        async with self.engine() as conn, conn.transaction():
            await become_tenant(conn, environment_id)
            yield conn

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Connection]:
        """A connection that sees every environment, for what is of none yet; raises as ``tenant``.

        Whoever uses it says why.
        """
        with translated():
            async with self.pool.acquire(timeout=_CONNECTION_WITHIN_S) as conn:
                yield conn


RESOURCES: Final = web.AppKey("resources", ApiResources)
SETTINGS: Final = web.AppKey("settings", ApiSettings)
STOP: Final = web.AppKey("stop", asyncio.Event)
"""Set while the process is being stopped; an application of its own has none."""
