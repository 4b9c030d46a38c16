"""The action ``ship``, which workers do over the bus or over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from shared.bus.protocol import Record, Topic
from shared.db.actions import put_action
from shared.domain.actions import ActionSpec, Transport
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.support.works import (
    Works,
    until,
)

Task = dict[str, Any]
Answer = Callable[[Task], Awaitable[None]]

SOON = {"max_attempts": 3, "initial_interval_s": 0.05, "jitter": 0.0}
SHIP: dict[str, Any] = {
    "id": "ship",
    "action": "ship",
    "input": {"src": {"to": "Oslo"}},
    "retry": SOON,
    "timeout_s": 20.0,
}


async def known(works: Works, **spec: Any) -> None:
    """Register the action ``ship``, and its topic as the API would."""
    async with works.pool.acquire() as conn, conn.transaction():
        given = ActionSpec(transport=Transport.WORKER, **spec)
        await put_action(conn, DEFAULT_ENVIRONMENT, "ship", given, datetime.now(UTC))
    topic = works.platform.topics.tasks("ship")
    await works.platform.bus.ensure_topics([Topic(name=topic, partitions=2)])


@asynccontextmanager
async def worker(works: Works, answer: Answer) -> AsyncIterator[list[Task]]:
    """A member of a group that reads the tasks of ``ship``; gives what it has read."""
    bus, read = works.platform.bus, list[Task]()

    async def work() -> None:
        topic = works.platform.topics.tasks("ship")
        async with bus.subscribe([topic], group="shippers") as subscription:
            while True:
                for at, records in (await subscription.fetch(max_records=9, wait_s=1)).items():
                    for record in records:
                        read.append(orjson.loads(record.value or b"")["data"])
                        await answer(read[-1])
                    await subscription.commit({at: records[-1].offset + 1})

    working = asyncio.create_task(work())
    try:
        yield read
    finally:
        working.cancel()
        await asyncio.wait([working])


async def say(works: Works, task: Task, status: str, **more: Any) -> None:
    """Publish a worker's answer."""
    await publish(works, result(task["task_id"], status, **more))


def result(task_id: str, status: str, **more: Any) -> bytes:
    """A record that a worker writes."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": "/shippers",
            "type": "turnout.task-result",
            "data": {"task_id": task_id, "status": status, **more},
        }
    )


async def publish(works: Works, *values: bytes) -> None:
    """Write records to ``task_results``."""
    topic = works.platform.topics.task_results
    await works.platform.bus.publish([Record(topic, b"k", value) for value in values])


async def attempts(works: Works, step: str = "ship") -> list[tuple[int, str]]:
    """The attempts of a step as they ended, without what only says that it waits on."""
    rows = await works.pool.fetch(
        "SELECT attempt, status FROM execution_log WHERE step_id = $1 AND status <> 'WAITING'"
        " ORDER BY execution_id, position",
        step,
    )
    return [(row["attempt"], row["status"]) for row in rows]


async def last(works: Works, column: str = "error") -> Any:
    """What the last entry of the step says."""
    found = await works.pool.fetchval(
        f"SELECT {column} FROM execution_log WHERE step_id = 'ship' ORDER BY position DESC LIMIT 1"
    )
    return None if found is None else orjson.loads(found)


async def task_of(works: Works) -> Task:
    """The one task that is waited for."""
    await until(works.pool, "SELECT count(*) FROM waits WHERE kind = 'task'", 1)
    data = orjson.loads(await works.pool.fetchval("SELECT data FROM waits"))
    return {"task_id": data["task_id"]}


async def letters(works: Works) -> list[dict[str, Any]]:
    """The dead letters."""
    rows = await works.pool.fetch(
        "SELECT value FROM bus_records JOIN bus_topics USING (topic_id) WHERE name = $1"
        " ORDER BY partition, record_offset",
        works.platform.topics.dead_letters,
    )
    return [orjson.loads(row["value"])["data"] for row in rows]
