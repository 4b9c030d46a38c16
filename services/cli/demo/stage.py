"""Everything the demo needs, started on free ports and temporary folders, and gone afterwards."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pydantic import SecretStr

from services.cli.demo.receiver import SyncJobService, sync_job_service
from services.cli.process.ports import LOOPBACK, claim_port
from services.cli.process.roles import ROLES, read_roles
from services.cli.process.running import opened, play, ready
from services.cli.process.settings import QuietSettings, read_process_settings
from services.cli.progress import Steps
from shared.assembly.platform import Platform
from shared.db.migrate import migrate
from shared.domain.errors import Unavailable
from shared.embedded.kafka import EmbeddedKafka, missing_tools
from shared.embedded.postgres import EmbeddedPostgres
from shared.runtime.telemetry import configure_logging

STEPS: Final = 3
STOP_WITHIN_S: Final = 5.0
READY_WITHIN_S: Final = 30.0
SECRET_BYTES: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What runs: the platform of all roles, the API's address, the sync-job service."""

    platform: Platform
    url: str
    service: SyncJobService


@asynccontextmanager
async def staged(bus: str, steps: Steps, stop: asyncio.Event) -> AsyncIterator[Stage]:
    """Start everything; ``bus`` is local or kafka. Raises Unavailable when something is missing."""
    async with AsyncExitStack() as stack:
        steps.begin("Starting Postgres" if bus == "local" else "Starting Postgres and Apache Kafka")
        folder = stack.enter_context(TemporaryDirectory(prefix="turnout-demo-"))
        async with asyncio.TaskGroup() as group:
            kafka = group.create_task(_kafka(stack)) if bus == "kafka" else None
            postgres = group.create_task(stack.enter_async_context(EmbeddedPostgres(Path(folder))))
        dsn, brokers = postgres.result().dsn, None if kafka is None else kafka.result()
        steps.end()
        steps.begin("Making the schema")
        await migrate(dsn)
        steps.end()
        steps.begin("Starting every role")
        service = await stack.enter_async_context(sync_job_service(_new_secret()))
        port = claim_port(0)
        given = _given(dsn, brokers, port, service)
        platform = await stack.enter_async_context(_playing(given, stop))
        steps.end()
        yield Stage(platform=platform, url=f"http://{LOOPBACK}:{port}", service=service)


async def _kafka(stack: AsyncExitStack) -> str:
    if missing := missing_tools():
        raise Unavailable(
            f"Apache Kafka needs {' and '.join(missing)}, which this machine lacks: install Java"
            " 17 or newer and Maven, or run the demo with --bus local."
        )
    return (await stack.enter_async_context(EmbeddedKafka())).bootstrap_servers


@asynccontextmanager
async def _playing(given: dict[str, Any], stop: asyncio.Event) -> AsyncIterator[Platform]:
    settings = read_process_settings(given, QuietSettings)
    makers = read_roles(ROLES, given)
    configure_logging(settings.log)
    ending = asyncio.Event()
    async with opened(settings, stop) as platform, asyncio.TaskGroup() as group:
        group.create_task(play(makers, platform, ending, settings.stop_within_s))
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await ready(platform, stop)
            yield platform
        finally:
            ending.set()


def _given(dsn: str, kafka: str | None, port: int, service: SyncJobService) -> dict[str, Any]:
    return {
        # The demo is the same everywhere: what the environment sets for others is not for it.
        "_env_prefix": "TURNOUT_DEMO_",
        "DATABASE_URL": dsn,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "host": LOOPBACK,
        "port": port,
        "login": "none",
        "jwt": (),
        "egress": {"allow_loopback": True},
        "run_sync_job": {"url": service.url, "secret": service.secret},
        "stop_within_s": STOP_WITHIN_S,
    }


def _new_secret() -> SecretStr:
    return SecretStr(f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}")
