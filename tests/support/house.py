"""A whole Turnout in one process, for tests: the roles, a workflow's way in, and its results."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
from pydantic import SecretStr

from services.executor.app import executor
from services.executor.settings import ExecutorSettings
from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.platform import Platform, open_platform
from shared.bus.protocol import Record
from shared.db.workflows import lock_changes, write_workflow
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.runtime.roles import Role, run_roles


@dataclass
class House:
    """A running Turnout. ``heard`` are the records of the result topics, as they came."""

    platform: Platform
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def register(self, definition: Mapping[str, Any], **changes: Any) -> Workflow:
        """Save a native workflow as the api would."""
        now = datetime.now(UTC)
        workflow = Workflow(
            **{
                "id": uuid4(),
                "environment_id": UUID(str(DEFAULT_ENVIRONMENT)),
                "version": 1,
                "dialect": Dialect.NATIVE,
                "lifecycle": Lifecycle.READY,
                "is_active": True,
                "definition": Definition.model_validate_json(orjson.dumps(definition)),
                "source": definition,
                "created_at": now,
                "updated_at": now,
                **changes,
            }
        )
        async with self.platform.pool.acquire() as conn, conn.transaction():
            await lock_changes(conn)
            await write_workflow(conn, workflow)
        return workflow

    async def send(self, kind: str, payload: Any, **fields: Any) -> None:
        """Publish an event in the plain envelope."""
        event = {"id": uuid4().hex, "event": kind, "payload": payload, **fields}
        await self.publish(orjson.dumps(event))

    async def publish(self, value: bytes | None, *, key: bytes | None = None) -> None:
        """Publish a record to the source topic."""
        topic = self.platform.topics.sources[0]
        await self.platform.bus.publish([Record(topic=topic, key=key, value=value)])

    def results(self) -> list[dict[str, Any]]:
        """The data of the step results heard so far."""
        return [r["data"] for r in self.heard if r["type"].startswith("turnout.step.")]

    def phases(self) -> list[str]:
        """The lifecycle heard so far."""
        return [r["data"]["phase"] for r in self.heard if "phase" in r["data"]]

    def letters(self) -> list[dict[str, Any]]:
        """The dead letters heard so far."""
        return [r["data"] for r in self.heard if r["type"] == "turnout.dead-letter"]

    async def listen(self, told: asyncio.Event) -> None:
        """Hear the result topics, until cancelled."""
        topics = self.platform.topics
        heard = (topics.step_results, topics.executions, topics.dead_letters)
        async with self.platform.bus.tail(heard) as records:
            told.set()
            async for record in records:
                self.heard.append(orjson.loads(record.value or b""))


def settings_of(dsn: str, **more: Any) -> dict[str, Any]:
    """Settings that every role takes, for tests: quick to start, quick to stop."""
    return {
        "database_url": SecretStr(dsn),
        "partitions": 4,
        "member": f"test-{uuid4().hex[:8]}",
        "stop_within_s": 10,
        **more,
    }


@asynccontextmanager
async def open_house(dsn: str, **more: Any) -> AsyncIterator[House]:
    """A running house: ingest, matcher and executor on one platform."""
    given = settings_of(dsn, **more)
    kept = IngestSettings(**given)
    async with open_platform(kept) as platform, asyncio.TaskGroup() as group:
        house = House(platform)
        told, stop = asyncio.Event(), asyncio.Event()
        listening = group.create_task(house.listen(told))
        await told.wait()
        roles: dict[str, Role] = {
            "trigger-ingest": trigger_ingest(platform, kept),
            "matcher": matcher(platform, MatcherSettings(**given)),
            "executor": executor(platform, ExecutorSettings(**given)),
        }
        running = group.create_task(
            run_roles(roles, platform.health, stop=stop, stop_within_s=kept.stop_within_s)
        )
        yield house
        stop.set()
        await running
        listening.cancel()


async def count(pool: "asyncpg.Pool[asyncpg.Record]", table: str, where: str = "true") -> int:
    """How many rows a table has."""
    rows: int = await pool.fetchval(f"SELECT count(*) FROM {table} WHERE {where}")
    return rows


def of_step(results: Sequence[Mapping[str, Any]], step_id: str) -> list[Mapping[str, Any]]:
    """The results of one step."""
    return [result for result in results if result["step_id"] == step_id]
