"""An executor alone, for tests: told by commands, watched in the database and on the topics."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from services.executor.app import executor
from services.executor.settings import ExecutorSettings
from shared.assembly.platform import Platform, open_platform
from shared.bus.protocol import Record, partition_of
from shared.db.pool import Pool
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, execution_id
from shared.domain.signals import Told
from shared.domain.workflows import Workflow
from shared.runtime.clock import Clock
from shared.runtime.roles import Role, keep
from shared.wire.commands import Cancel, Tell, encode_cancel, encode_start, encode_tell
from shared.wire.events import encode_event
from shared.wire.lineage import Lineage
from shared.wire.topics import Topics
from tests.support.house import House, settings_of
from tests.support.metrics import total

Roles = Sequence[tuple[str, Role]]

NOTE: dict[str, Any] = {"id": "note", "action": "transform", "input": {"src": "done"}}


def transform(step_id: str, source: str) -> dict[str, Any]:
    """A step that computes a value."""
    return {"id": step_id, "action": "transform", "input": {"lang": "jsonata", "src": source}}


def workflow(*steps: dict[str, Any]) -> dict[str, Any]:
    """A workflow of these steps."""
    return {"name": "w", "triggers": [{"event_name": "go"}], "steps": list(steps)}


@dataclass
class Works(House):
    """A running executor. ``crash`` ends it as a lost process ends: without a farewell."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    crash: Callable[[], Awaitable[None]] = field(default=lambda: asyncio.sleep(0))

    @property
    def pool(self) -> Pool:
        """The database."""
        return self.platform.pool

    def metric(self, name: str) -> float:
        """A metric's value, of all labels together; 0 before it was first set."""
        return total(self.platform.registry, name)


@asynccontextmanager
async def open_works(
    dsn: str,
    *,
    before: Callable[[Platform], Roles] | None = None,
    topics: Topics | None = None,
    clock: Clock | None = None,
    **more: Any,
) -> AsyncIterator[Works]:
    """A running executor, kept through outages, stopped in order at the end.

    It comes back under the same name, and so at once to its partitions. ``before`` gives the
    roles that come before it on an event's way, where a test needs them; ``topics`` and ``clock``
    stand for the platform's own.
    """
    given = ExecutorSettings(
        **settings_of(
            dsn,
            **{"egress": {"allow_loopback": True}, "fetch_wait_s": 0.1, "member": "one", **more},
        )
    )
    async with open_platform(given) as opened, asyncio.TaskGroup() as group:
        platform = replace(opened, topics=topics or opened.topics, clock=clock or opened.clock)
        works = Works(platform)
        kept = [
            group.create_task(keep(name, role, platform.health, stop=works.stop))
            for name, role in (
                ("executor", executor(platform, given)),
                *(before(platform) if before else ()),
            )
        ]

        async def crash() -> None:
            for task in kept:
                task.cancel()
            await asyncio.wait(kept)

        works.crash = crash
        yield works
        works.stop.set()
        async with asyncio.timeout(60):
            await asyncio.wait(kept)


def start_command(
    flow: Workflow, payload: Any = None, lineage: Lineage | None = None
) -> tuple[ExecutionId, bytes]:
    """A new execution's id, and the command that starts it."""
    key = EventKey(uuid4())
    now = datetime.now(UTC)
    event = Event(
        key=key,
        environment_id=EnvironmentId(flow.environment_id),
        type="go",
        source="/test",
        id=str(key),
        received_at=now,
        payload=payload,
    )
    id_ = execution_id(workflow_id_of(flow), key)
    command = encode_start(
        id_, workflow_id_of(flow), flow.version, encode_event(event), now, lineage=lineage
    )
    return id_, command


def workflow_id_of(flow: Workflow) -> Any:
    """Its id, as the commands take it."""
    return flow.id


def cancel_command(id_: ExecutionId) -> bytes:
    """The command that cancels an execution."""
    return encode_cancel(Cancel(execution_id=id_, reason="enough", requested_at=datetime.now(UTC)))


def signal_command(id_: ExecutionId, signal: Told) -> bytes:
    """The command that tells an execution something."""
    return encode_tell(Tell(execution_id=id_, signal=signal, tell_id="t", at=datetime.now(UTC)))


async def tell(works: House, *commands: tuple[ExecutionId, bytes]) -> None:
    """Publish commands at once."""
    topic = works.platform.topics.commands
    await works.platform.bus.publish(
        [Record(topic=topic, key=str(id_).encode(), value=value) for id_, value in commands]
    )


async def say(works: House, id_: ExecutionId, signal: Told) -> None:
    """Tell an execution something."""
    await tell(works, (id_, signal_command(id_, signal)))


async def start(
    works: House, flow: Workflow, count: int = 1, payload: Any = None
) -> list[ExecutionId]:
    """Start executions."""
    commands = [start_command(flow, payload) for _ in range(count)]
    await tell(works, *commands)
    return [id_ for id_, _ in commands]


async def start_in(works: House, flow: Workflow, partition: int) -> ExecutionId:
    """Start an execution in a partition."""
    partitions = await works.platform.bus.partitions(works.platform.topics.commands)
    while True:
        id_, command = start_command(flow)
        if partition_of(str(id_).encode(), partitions) == partition:
            await tell(works, (id_, command))
            return id_


async def cancel(works: House, *ids: ExecutionId) -> None:
    """Ask for cancellations."""
    await tell(works, *[(id_, cancel_command(id_)) for id_ in ids])


async def until(
    pool: Pool, question: str, answer: int | None = None, *, within_s: float = 60
) -> None:
    """Return when a query gives the number ``answer``, or true where none is named."""
    found: Any = None
    wanted = True if answer is None else answer
    try:
        async with asyncio.timeout(within_s):
            while (found := await pool.fetchval(question)) != wanted:
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{question}: {found!r} is not {wanted!r}") from None


async def all_ended(pool: Pool, count: int, *, within_s: float = 60) -> None:
    """Return when ``count`` executions have ended."""
    question = "SELECT count(*) FROM executions WHERE finished_at IS NOT NULL"
    await until(pool, question, count, within_s=within_s)


async def statuses(pool: Pool) -> dict[ExecutionId, str]:
    """Each execution's status."""
    return {r["id"]: r["status"] for r in await pool.fetch("SELECT id, status FROM executions")}


async def published(works: House) -> list[dict[str, Any]]:
    """The records on the result topics, each partition in its order; ``raw`` holds the bytes."""
    topics = works.platform.topics
    rows = await works.platform.pool.fetch(
        "SELECT value FROM bus_records JOIN bus_topics USING (topic_id)"
        " WHERE name = ANY ($1) ORDER BY name, partition, record_offset",
        [topics.step_results, topics.executions],
    )
    return [{**orjson.loads(row["value"]), "raw": row["value"]} for row in rows]


async def caught_up(works: House) -> None:
    """Return when everything written is published, and the cursors say so."""
    await until(
        works.platform.pool,
        "SELECT coalesce(bool_and(o.emitted_seq >= coalesce(l.seq, 0)), false)"
        " FROM partition_owners AS o"
        " LEFT JOIN (SELECT partition, max(seq) AS seq FROM execution_log GROUP BY 1) AS l"
        " USING (partition)",
    )


async def check_history(works: House) -> None:
    """Check what every history must show, whatever went wrong meanwhile.

    Each log is free of gaps and ends once, each step settles once, and no row that says what an
    execution waits for is left; each entry is published at least once, with the same bytes each
    time; per topic and execution the first appearances ascend.
    """
    await caught_up(works)
    pool = works.platform.pool
    logs: dict[UUID, list[int]] = {}
    for row in await pool.fetch(
        "SELECT execution_id, position FROM execution_log ORDER BY partition, seq"
    ):
        logs.setdefault(row["execution_id"], []).append(row["position"])
    assert all(found == list(range(1, len(found) + 1)) for found in logs.values())
    ends = await pool.fetch(
        "SELECT execution_id, count(*),"
        " array_agg(DISTINCT upper(phases[cardinality(phases)])) AS last FROM execution_log"
        " WHERE phases && '{completed,failed,cancelled,expired}' GROUP BY execution_id"
    )
    assert [row["count"] for row in ends] == [1] * len(logs)
    assert {row["execution_id"]: row["last"] for row in ends} == {
        id_: [status] for id_, status in (await statuses(pool)).items()
    }
    settled = "status IN ('COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED')"
    assert not await pool.fetch(
        f"SELECT execution_id, step_id FROM execution_log WHERE {settled}"
        " GROUP BY 1, 2 HAVING count(*) > 1"
    )
    for table in ("timers", "waits", "inbox"):
        await until(pool, f"SELECT count(*) FROM {table}", 0)
    seen = check_published(await published(works))
    written = await pool.fetch("SELECT execution_id, position, phases, step_id FROM execution_log")
    for row in written:
        result = f"{row['execution_id']}:{row['position']}"
        assert row["step_id"] is None or result in seen
        assert all(f"{result}:{phase}" in seen for phase in row["phases"])


def check_published(records: Sequence[dict[str, Any]]) -> dict[str, bytes]:
    """The records by id; repeats are the same bytes, first appearances ascend."""
    seen: dict[str, bytes] = {}
    last: dict[tuple[bool, str], int] = {}
    for record in records:
        if record["id"] in seen:
            assert seen[record["id"]] == record["raw"]
            continue
        seen[record["id"]] = record["raw"]
        line = ("phase" in record["data"], record["subject"])
        assert last.get(line, 0) <= record["data"]["sequence"]
        last[line] = record["data"]["sequence"]
    return seen
