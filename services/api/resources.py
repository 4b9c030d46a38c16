"""What the HTTP face works with."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Final
from uuid import UUID

from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.computing import Computing
from services.api.settings import UNINDEXED_MAX, ApiSettings
from services.api.webhooks.pace import Pace
from shared.bus.protocol import Bus
from shared.db.pool import Connection, Pool, translated
from shared.db.secrets import names_of, read_secrets
from shared.db.tenancy import become_tenant
from shared.domain.ids import EnvironmentId, made_id
from shared.egress.guard import EgressPolicy
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import DEPTH_MAX
from shared.runtime.clock import Clock
from shared.runtime.environment_names import EnvironmentNames
from shared.runtime.keyring import KeyRing
from shared.wire.event_fields import EventLimits
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
    pace: Pace
    """Of the expressions that webhooks ask for."""

    environment_names: EnvironmentNames = field(default_factory=EnvironmentNames)
    causation_depth_max: int = DEPTH_MAX
    unindexed_max: int = UNINDEXED_MAX
    event_limits: EventLimits = field(default_factory=EventLimits)
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)
    ring: KeyRing = field(default_factory=KeyRing)
    egress: EgressPolicy = field(default_factory=EgressPolicy)
    new_token: Callable[[], str] = _new_token
    share: asyncio.Semaphore | None = None
    """Of the pool, where other roles live on it too: they may not wait for what requests hold."""
    computing: Computing = field(default_factory=Computing)
    retrying: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever tries dead letters again."""

    def new_workflow_id(self) -> UUID:
        """For a workflow whose author chooses none."""
        return made_id(self.new_id())

    async def secret_names(self, conn: Connection, environment_id: EnvironmentId) -> frozenset[str]:
        """The secrets that webhooks of an environment may ask for."""
        stored = await names_of(conn, environment_id, self.clock.now())
        return stored | self._configured(environment_id).keys()

    async def find_secrets(
        self, conn: Connection, environment_id: EnvironmentId, names: Collection[str]
    ) -> list[SecretStr]:
        """What a webhook asks its senders for: those of ``names`` that there are.

        Raises Unavailable for one that cannot be decrypted: no other stands in for it.
        """
        stored = await read_secrets(conn, self.ring, environment_id, names, self.clock.now())
        known = {**self._configured(environment_id), **{n: SecretStr(v) for n, v in stored.items()}}
        return [known[name] for name in names if name in known]

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
    async def snapshot(self, environment_id: EnvironmentId) -> AsyncIterator[Connection]:
        """As ``tenant``, of one moment and only to read, for an answer that is made of many reads.

        Without it what ran on between two reads would contradict itself in the answer.
        """
        async with (
            self.engine() as conn,
            conn.transaction(isolation="repeatable_read", readonly=True),
        ):
            await become_tenant(conn, environment_id)
            yield conn

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Connection]:
        """A connection that sees every environment, for what is of none yet; raises as ``tenant``.

        Whoever uses it says why.
        """
        with translated():
            async with self._turn(), self.pool.acquire(timeout=_CONNECTION_WITHIN_S) as conn:
                yield conn

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Within the share; raises TimeoutError."""
        if self.share is None:
            yield
            return
        async with asyncio.timeout(_CONNECTION_WITHIN_S):
            await self.share.acquire()
        try:
            yield
        finally:
            self.share.release()


RESOURCES: Final = web.AppKey("resources", ApiResources)
SETTINGS: Final = web.AppKey("settings", ApiSettings)
STOP: Final = web.AppKey("stop", asyncio.Event)
"""Set while the process is being stopped; an application of its own has none."""
