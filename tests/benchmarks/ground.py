"""What measurements stand on: a Postgres, an Apache Kafka, a fresh place for each round."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import orjson

from shared.assembly.platform import Platform, open_platform
from shared.assembly.settings import ProcessSettings
from shared.db.migrate import migrate
from shared.embedded.kafka import EmbeddedKafka
from shared.embedded.postgres import EmbeddedPostgres
from shared.runtime.sql import statements
from shared.wire.topics import Topics
from tests.benchmarks.events import WORKFLOW
from tests.benchmarks.processes import Running
from tests.support.house import House, settings_of
from tests.support.postgres import drop, execute, sibling

PARTITIONS = 2
_TEMPLATE = "benchmark_template"
_FLUSH_S = 600.0
_OWNED_WITHIN_S = 300.0
_POLL_S = 0.1
_TABLES = ("executions", "execution_log", "timers", "bus_records")
_SQL = statements(Path(__file__).parent / "queries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The servers, and their processes by name; without ``kafka_servers`` Postgres is the bus."""

    dsn: str
    kafka_servers: str | None
    processes: Mapping[str, int]
    postgres_log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What Postgres has counted so far."""

    wal_bytes: int
    transactions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Commands the executor has taken in, and whether one is at work on what they started."""

    consumed: int
    is_busy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A database and topics of their own, with the workflow registered."""

    ground: Ground
    dsn: str
    platform: Platform

    @property
    def topics(self) -> Topics:
        """The topics of this place."""
        return self.platform.topics

    def environment(self) -> Mapping[str, str | None]:
        """What a process needs to find this place, as Turnout's settings name it; None: unset."""
        return {
            "DATABASE_URL": self.dsn,
            "KAFKA_BOOTSTRAP_SERVERS": self.ground.kafka_servers,
            "LOG_LEVEL": "WARNING",
            "TURNOUT_TOPIC_PREFIX": self.topics.prefix,
            "TURNOUT_SOURCE_TOPICS": orjson.dumps(self.topics.sources).decode(),
            "TURNOUT_PARTITIONS": str(PARTITIONS),
            "TURNOUT_MEMBER": self.topics.prefix,
            "TURNOUT_LOGIN": "none",
            "TURNOUT_PORT": "0",
            "TURNOUT_EGRESS__ALLOW_LOOPBACK": "true",
        }

    async def counters(self) -> Counters:
        """What Postgres has counted so far."""
        row = await self.platform.pool.fetchrow(_SQL["read_counters"])
        assert row is not None, "it selects two values"
        return Counters(**row)

    async def completed(self) -> int:
        """How many executions have completed, by the database."""
        count: int = await self.platform.pool.fetchval(_SQL["count_completed"])
        return count

    async def starts(self, limit: int) -> Mapping[str, float]:
        """By event id, when its step began, in seconds on the wall clock; at most ``limit``."""
        rows = await self.platform.pool.fetch(_SQL["list_steps"], limit)
        return {row["event_id"]: row["started_at"].timestamp() for row in rows}

    async def attempts(self, limit: int) -> Sequence[asyncpg.Record]:
        """The attempts of all executions, each execution's in order; see list_attempts.sql."""
        return await self.platform.pool.fetch(_SQL["list_attempts"], limit)

    async def owned_by(self, executors: int, watched: Running) -> None:
        """Return when at least so many executors own partitions; 5 min at most."""
        async with asyncio.timeout(_OWNED_WITHIN_S):
            while await self.platform.pool.fetchval(_SQL["count_owners"]) < executors:
                watched.ensure_alive()
                await asyncio.sleep(_POLL_S)

    async def progress(self) -> Progress:
        """How far the executor has come."""
        row = await self.platform.pool.fetchrow(_SQL["read_progress"])
        assert row is not None, "it selects two values"
        return Progress(consumed=row["consumed"] or 0, is_busy=row["is_busy"])

    async def parked(self) -> int:
        """How many executions wait for their time."""
        count: int = await self.platform.pool.fetchval(_SQL["count_parked"])
        return count

    async def has_due(self, due_at: datetime) -> bool:
        """Whether an execution that was due by then has not ended."""
        found: bool = await self.platform.pool.fetchval(
            _SQL["has_due"], list(range(PARTITIONS)), due_at
        )
        return found

    async def resumed(self, since: datetime, limit: int) -> list[tuple[datetime, datetime]]:
        """When sleeps ended since then, and their executions completed; at most ``limit``."""
        rows = await self.platform.pool.fetch(_SQL["list_resumed"], since, limit)
        return [(row["resumed_at"], row["completed_at"]) for row in rows]

    async def flush(self) -> None:
        """Write every page to disk, so that nobody pays for it later."""
        await self.platform.pool.execute("CHECKPOINT", timeout=_FLUSH_S)

    async def sizes(self) -> Mapping[str, int]:
        """Bytes on disk of the tables that executions fill, indexes included."""
        rows = await self.platform.pool.fetch(_SQL["list_sizes"], _TABLES)
        return {row["name"]: row["bytes"] for row in rows}


@asynccontextmanager
async def open_ground(*, with_kafka: bool = True) -> AsyncIterator[Ground]:
    """The servers, on temporary folders. Raises Unavailable."""
    folder = Path(tempfile.mkdtemp(prefix="turnout-bench-"))
    try:
        async with AsyncExitStack() as opened:
            postgres = await opened.enter_async_context(EmbeddedPostgres(folder))
            pid_file = folder / "data" / "postmaster.pid"
            processes, kafka_servers = {"postgres": int(pid_file.read_text().split()[0])}, None
            if with_kafka:
                kafka = await opened.enter_async_context(EmbeddedKafka())
                assert kafka.pid is not None
                processes["kafka"], kafka_servers = kafka.pid, kafka.bootstrap_servers
            await execute(postgres.dsn, f'CREATE DATABASE "{_TEMPLATE}"')
            await migrate(sibling(postgres.dsn, _TEMPLATE))
            yield Ground(
                dsn=postgres.dsn,
                kafka_servers=kafka_servers,
                processes=processes,
                postgres_log=folder / "server.log",
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def open_place(
    ground: Ground, workflow: Mapping[str, Any] = WORKFLOW, *, sources: int = 1
) -> AsyncIterator[Place]:
    """A fresh place with a workflow and so many source topics; its database goes with it."""
    name = f"bench-{uuid4().hex[:8]}"
    dsn = sibling(ground.dsn, name)
    await execute(ground.dsn, f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}"')
    try:
        # Every round begins after a checkpoint, so that none pays for another's pages.
        await execute(ground.dsn, "CHECKPOINT")
        settings = ProcessSettings(
            **settings_of(
                dsn,
                kafka_bootstrap_servers=ground.kafka_servers,
                topic_prefix=name,
                source_topics=tuple(f"{name}.events{n or ''}" for n in range(sources)),
                partitions=PARTITIONS,
            )
        )
        async with open_platform(settings) as platform:
            await House(platform).register(workflow)
            yield Place(ground=ground, dsn=dsn, platform=platform)
    finally:
        await drop(ground.dsn, name)
