"""A receiver that keeps what it gets, and a running role that tells it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from services.webhooks.app import webhooks
from services.webhooks.settings import WebhooksSettings
from shared.assembly.platform import Platform
from shared.bus.protocol import Record
from shared.db.pool import Pool
from shared.db.signing_secrets import SigningSecret, add_secret
from shared.db.webhook_subscriptions import add_subscription
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.domain.subscriptions import SigningForm, Subscription, WebhookFormat
from shared.runtime.roles import Role
from tests.support.house import House, settings_of
from tests.support.rings import ring, written

SECRET: Final = "whsec_" + "c2VjcmV0" * 5
QUICK: Final[Mapping[str, Any]] = {"retry_s": (0.05,) * 3, "jitter": 0}
ENVIRONMENT: Final = EnvironmentId(UUID(str(DEFAULT_ENVIRONMENT)))


@dataclass(frozen=True)
class Got:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: object

    @property
    def document(self) -> Any:
        """The body, which is JSON."""
        return orjson.loads(self.body)

    @property
    def id(self) -> str:
        """What the receiver knows it by."""
        return self.headers["webhook-id"]


@dataclass
class Hooks:
    """What came, and what is answered: a status by the path and how often it was asked."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    status: Callable[[str, int], int] = lambda _path, _count: 200
    answer: Callable[[str], str] = lambda _path: "thanks"
    headers: Mapping[str, str] = field(default_factory=dict)
    held: asyncio.Event | None = None

    def at(self, path: str) -> list[Got]:
        """What came to a path."""
        return [one for one in self.got if one.path == path]

    async def take(self, request: web.Request) -> web.Response:
        """Keep it, and answer; requests to /slow wait for ``held``."""
        count = len(self.at(request.path))
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        self.got.append(Got(request.path, dict(request.headers), await request.read(), peer))
        if self.held is not None and request.path == "/slow":
            await self.held.wait()
        return web.Response(
            status=self.status(request.path, count),
            text=self.answer(request.path),
            headers=self.headers,
        )


@asynccontextmanager
async def open_hooks() -> AsyncIterator[Hooks]:
    """A receiver on loopback."""
    hooks = Hooks()
    app = web.Application()
    app.router.add_post("/{path:.*}", hooks.take)
    async with TestServer(app) as server:
        hooks.url = str(server.make_url("/")).rstrip("/")
        yield hooks


def role(platform: Platform, **delivery: Any) -> Role:
    """The role on a platform, quick to try again."""
    return webhooks(platform, settings(platform, **delivery))


def settings(platform: Platform, **delivery: Any) -> WebhooksSettings:
    """Its settings; ``member`` is the platform's unless another is given."""
    member = delivery.pop("member", platform.member)
    return WebhooksSettings(
        **settings_of(
            "postgresql://unused",
            member=member,
            fetch_wait_s=0.1,
            egress={"allow_loopback": True},
            keyring=written("k1"),
            webhooks={**QUICK, **delivery},
        )
    )


def roles(**delivery: Any) -> Callable[[Platform], Sequence[tuple[str, Role]]]:
    """What ``open_works`` is to run beside the executor."""
    return lambda platform: [("webhooks", role(platform, **delivery))]


async def subscribe(pool: Pool, url: str, *kinds: str, **more: Any) -> Subscription:
    """Keep a subscription with a secret, made an hour ago."""
    now = datetime.now(UTC)
    one = Subscription(
        **{
            "id": uuid4(),
            "environment_id": ENVIRONMENT,
            "name": "test",
            "url": url,
            "kinds": kinds or ("*",),
            "workflow_id": None,
            "filters": None,
            "format": WebhookFormat.NATIVE,
            "signing": SigningForm.STANDARD,
            "headers": {},
            "is_active": True,
            "created_at": now - timedelta(hours=1),
            "created_by": "test",
            "updated_at": now,
            **more,
        }
    )
    async with pool.acquire() as conn:
        await add_subscription(conn, one)
        known = SigningSecret(
            id=uuid4(),
            environment_id=one.environment_id,
            subscription_id=one.id,
            form=one.signing,
            ending="",
            public_key=None,
            created_at=now,
        )
        await add_secret(conn, ring("k1"), known, SecretStr(SECRET))
    return one


def phase(phase_: str = "completed", **data: Any) -> dict[str, Any]:
    """A record of ``executions``, as the executor writes them."""
    execution_id = data.pop("execution_id", str(uuid4()))
    return {
        "specversion": "1.0",
        "id": f"{execution_id}:9:{phase_}",
        "source": "/turnout/workflows/w",
        "type": f"workflow_execution:{phase_}",
        "subject": execution_id,
        "time": "2026-11-22T10:00:00.000000Z",
        "datacontenttype": "application/json",
        "environmentid": str(ENVIRONMENT),
        "data": {
            "execution_id": execution_id,
            "workflow_id": str(uuid4()),
            "workflow_version": 1,
            "environment_id": str(ENVIRONMENT),
            "event_key": str(uuid4()),
            "sequence": 9,
            "phase": phase_,
            "error": None,
            "at": "2026-11-22T10:00:00.000000Z",
            **data,
        },
    }


async def publish(house: House, *records: Any) -> None:
    """Put records on the topic of lifecycles; bytes as they are."""
    topic = house.platform.topics.executions
    await house.platform.bus.publish(
        [
            Record(
                topic=topic,
                key=str(one["subject"]).encode() if isinstance(one, dict) else b"key",
                value=one if isinstance(one, bytes) else orjson.dumps(one),
            )
            for one in records
        ]
    )
