"""The bare loop that Turnout is held against: what the two libraries do for the same records.

One process, aiokafka and asyncpg, nothing between them: read events in batches; check one field;
write in one transaction, by COPY, an execution, the log entry of its start and those of its steps,
the last with its end; publish the steps' results and three records of the lifecycle in batches;
commit the offsets. The three stages overlap. There is no archive, no hop between roles, no
duplicate to find, no retry and no recovery.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid5
from zlib import crc32

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from shared.assembly.platform import Platform
from shared.assembly.settings import ProcessSettings
from tests.benchmarks.three_steps import STEPS

BATCH_MAX: Final = 1_000
BATCH_BYTES: Final = 500_000
_ENVIRONMENT: Final = UUID("00000000-0000-4000-8000-000000000001")
_WORKFLOW: Final = UUID("6b0f7f0e-5a4c-4f53-9f57-0a5f3c7f9d11")
_HEADERS: Final = [("content-type", b"application/cloudevents+json")]

Places = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Run:
    """An event that passed the check, and what each of its steps gave."""

    id: UUID
    event_key: UUID
    place: ConsumerRecord[bytes, bytes]
    output: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read at once."""

    runs: Sequence[Run]
    positions: Places


Line = asyncio.Queue[Batch | None]


async def run_floor(
    platform: Platform, settings: ProcessSettings, steps: int, stop: asyncio.Event
) -> int:
    """Run until ``stop``, executions of so many steps; gives the number of commits."""
    servers = settings.kafka_bootstrap_servers
    assert servers is not None
    consumer = AIOKafkaConsumer(
        *platform.topics.sources,
        bootstrap_servers=servers,
        group_id=f"{settings.topic_prefix}.floor",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=True, acks="all", max_batch_size=BATCH_BYTES
    )
    checked, written = Line(1), Line(1)
    async with consumer, producer, platform.pool.acquire() as conn, asyncio.TaskGroup() as group:
        group.create_task(_read(consumer, checked, stop))
        writing = group.create_task(_write(conn, STEPS[:steps], checked, written))
        publishing = Publishing(platform, producer, consumer, STEPS[:steps])
        group.create_task(publishing.run(written))
    return writing.result()


async def _read(consumer: AIOKafkaConsumer, checked: Line, stop: asyncio.Event) -> None:
    while not stop.is_set():
        found = await consumer.getmany(timeout_ms=100, max_records=BATCH_MAX)
        if found:
            runs = [run for records in found.values() for run in map(_check, records) if run]
            positions = {place: records[-1].offset + 1 for place, records in found.items()}
            await checked.put(Batch(runs, positions))
    await checked.put(None)


def _check(record: ConsumerRecord[bytes, bytes]) -> Run | None:
    event = orjson.loads(record.value or b"")
    payload = event["payload"]
    if payload["total"] < 18:
        return None
    key = uuid5(_ENVIRONMENT, event["id"])
    output = {"id": payload["id"], "total": payload["total"] * 2}
    return Run(uuid5(_WORKFLOW, str(key)), key, record, output, datetime.now(UTC))


async def _write(
    conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    steps: Sequence[str],
    checked: Line,
    written: Line,
) -> int:
    commits, seq = 0, count(1)
    while (batch := await checked.get()) is not None:
        async with conn.transaction():
            await conn.copy_records_to_table(
                "executions",
                records=(_execution(run, len(steps)) for run in batch.runs),
                columns=_EXECUTION,
            )
            await conn.copy_records_to_table(
                "execution_log",
                records=(row for run in batch.runs for row in _entries(run, steps, seq)),
                columns=_ENTRY,
            )
        commits += 1
        await written.put(batch)
    await written.put(None)
    return commits


_EXECUTION: Final = (
    *("id", "partition", "command_offset", "environment_id", "workflow_id", "workflow_version"),
    *("event_key", "created_at", "status", "updated_at", "finished_at", "steps_settled"),
)
_ENTRY: Final = (
    *("partition", "seq", "execution_id", "position", "phases", "step_id", "attempt", "status"),
    *("input", "output", "started_at", "ended_at"),
)


def _execution(run: Run, steps: int) -> tuple[object, ...]:
    place = run.place
    return (
        *(run.id, place.partition, place.offset, _ENVIRONMENT, _WORKFLOW, 1),
        *(run.event_key, run.at, "COMPLETED", run.at, run.at, steps),
    )


def _entries(run: Run, steps: Sequence[str], seq: "count[int]") -> Iterator[tuple[object, ...]]:
    partition = run.place.partition
    output = orjson.dumps(run.output).decode()
    event = (run.place.value or b"").decode()
    start = (partition, next(seq), run.id, 1, ["created", "started"])
    yield (*start, None, None, None, event, None, None, run.at)
    for position, step in enumerate(steps, start=2):
        phases = ["completed"] if step == steps[-1] else []
        end = (partition, next(seq), run.id, position, phases)
        yield (*end, step, 1, "COMPLETED", output, output, run.at, run.at)


class Publishing:
    """The last stage."""

    def __init__(
        self,
        platform: Platform,
        producer: AIOKafkaProducer,
        consumer: AIOKafkaConsumer,
        steps: Sequence[str],
    ) -> None:
        self._steps = steps
        self._topics = platform.topics
        self._bus = platform.bus
        self._producer = producer
        self._consumer = consumer

    async def run(self, written: Line) -> None:
        """Publish what is written, until None comes."""
        partitions = await self._bus.partitions(self._topics.executions)
        while (batch := await written.get()) is not None:
            lines: dict[tuple[str, int], list[tuple[bytes, bytes]]] = {}
            for run in batch.runs:
                key = str(run.id).encode()
                partition = crc32(key) % partitions
                results = lines.setdefault((self._topics.step_results, partition), [])
                results += [
                    (key, _result(run, step, position))
                    for position, step in enumerate(self._steps, start=2)
                ]
                phases = lines.setdefault((self._topics.executions, partition), [])
                phases += [(key, value) for value in _phases(run, 1 + len(self._steps))]
            sent = [await self._send(*place, records) for place, records in lines.items()]
            await asyncio.gather(*(future for futures in sent for future in futures))
            await self._consumer.commit(dict(batch.positions))

    async def _send(
        self, topic: str, partition: int, records: Sequence[tuple[bytes, bytes]]
    ) -> Sequence["asyncio.Future[Any]"]:
        sent = []
        batch = self._producer.create_batch()
        for key, value in records:
            if not batch.append(key=key, value=value, headers=_HEADERS, timestamp=None):
                sent.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, headers=_HEADERS, timestamp=None)
        sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        return sent


def _result(run: Run, step: str, position: int) -> bytes:
    at = run.at.isoformat()
    data = {
        "step_id": step,
        "attempt": 1,
        "status": "COMPLETED",
        "input": run.output,
        "output": run.output,
        "error": None,
        "started_at": at,
        "ended_at": at,
        "retry_at": None,
    }
    return _envelope(run, position, "", "turnout.step.completed", at, data)


def _phases(run: Run, last: int) -> Iterator[bytes]:
    at = run.at.isoformat()
    for position, phase in ((1, "created"), (1, "started"), (last, "completed")):
        data = {"phase": phase, "error": None, "at": at}
        yield _envelope(run, position, f":{phase}", f"workflow_execution:{phase}", at, data)


def _envelope(
    run: Run, position: int, suffix: str, kind: str, at: str, data: Mapping[str, Any]
) -> bytes:
    execution = str(run.id)
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{execution}:{position}{suffix}",
            "source": f"/turnout/workflows/{_WORKFLOW}",
            "type": kind,
            "subject": execution,
            "time": at,
            "datacontenttype": "application/json",
            "data": {
                "execution_id": execution,
                "workflow_id": str(_WORKFLOW),
                "workflow_version": 1,
                "environment_id": str(_ENVIRONMENT),
                "event_key": str(run.event_key),
                "sequence": position,
                **data,
            },
        }
    )
