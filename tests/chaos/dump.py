"""Everything that is left at the end: the tables and the topics, as JSON lines in a folder.

``<table>.jsonl`` has one row a line, ``topics.jsonl`` one record a line in the order of each
partition, ``offsets.jsonl`` each partition's end and the position of each consumer group.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

TABLES: Final = (
    "executions",
    "execution_log",
    "events",
    "event_keys",
    "event_conflicts",
    "timers",
    "waits",
    "inbox",
    "turns",
    "late_events",
    "partition_owners",
    "schedules",
    "workflow_versions",
    "workflow_changes",
    "webhook_subscriptions",
    "webhook_deliveries",
)
ORDER: Final = {"execution_log": " ORDER BY partition, seq"}
RESULTS: Final = ("triggers", "commands", "step-results", "executions", "dead-letters")
GROUPS: Final = ("trigger-ingest", "matcher", "executor", "webhooks")
FETCH_MS: Final = 2_000


async def dump(
    database_url: str,
    bootstrap: str,
    folder: Path,
    *,
    prefix: str = "turnout",
    sources: Sequence[str] = ("turnout.events",),
) -> None:
    """Write the tables and the topics of an installation into ``folder``, which is there."""
    conn = await asyncpg.connect(database_url, timeout=10)
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            for table in TABLES:
                await _table(conn, table, folder)
    finally:
        await conn.close(timeout=10)
    topics = [*sources, *(f"{prefix}.{name}" for name in RESULTS)]
    await _topics(bootstrap, topics, folder)
    await _offsets(bootstrap, topics, [f"{prefix}.{group}" for group in GROUPS], folder)


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line."""
    with path.open("wb") as file:
        for line in lines:
            file.write(orjson.dumps(line, default=_plain, option=orjson.OPT_APPEND_NEWLINE))


async def _table(conn: "asyncpg.Connection[asyncpg.Record]", table: str, folder: Path) -> None:
    statement = f"SELECT * FROM {table}{ORDER.get(table, '')}"
    rows = [dict(row) async for row in conn.cursor(statement, prefetch=5_000)]
    kinds = {
        a["name"]: a["type"]
        for a in await conn.fetch(
            "SELECT attname AS name, atttypid::regtype::text AS type FROM pg_attribute"
            " WHERE attrelid = $1::regclass AND attnum > 0",
            table,
        )
    }
    parsed = {name for name, kind in kinds.items() if kind == "json"}
    for row in rows:
        for name in parsed:
            row[name] = None if row[name] is None else orjson.loads(row[name])
    write_lines(folder / f"{table}.jsonl", rows)


async def _topics(bootstrap: str, topics: Sequence[str], folder: Path) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        places = await _places(consumer, topics)
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        records: list[dict[str, Any]] = []
        while any([await consumer.position(p) < ends[p] for p in places]):
            found = await consumer.getmany(timeout_ms=FETCH_MS, max_records=5_000)
            records += [_record(r) for rs in found.values() for r in rs]
    finally:
        await consumer.stop()
    records.sort(key=lambda r: (r["topic"], r["partition"], r["offset"]))
    write_lines(folder / "topics.jsonl", records)


async def _places(consumer: AIOKafkaConsumer, topics: Sequence[str]) -> list[TopicPartition]:
    await consumer._client.force_metadata_update()  # noqa: SLF001 - there is no public way
    known = await consumer.topics()
    return [
        TopicPartition(topic, partition)
        for topic in topics
        if topic in known
        for partition in sorted(consumer.partitions_for_topic(topic) or ())
    ]


async def _offsets(
    bootstrap: str, topics: Sequence[str], groups: Sequence[str], folder: Path
) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await consumer.start()
    await admin.start()
    try:
        ends = await consumer.end_offsets(await _places(consumer, topics))
        lines: list[dict[str, Any]] = [
            {"topic": p.topic, "partition": p.partition, "end": end, "group": None}
            for p, end in ends.items()
        ]
        for group in groups:
            found = await admin.list_consumer_group_offsets(group)
            lines += [
                {"topic": p.topic, "partition": p.partition, "at": o.offset, "group": group}
                for p, o in found.items()
            ]
    finally:
        await admin.close()
        await consumer.stop()
    write_lines(folder / "offsets.jsonl", lines)


def _record(record: Any) -> dict[str, Any]:
    def text(raw: bytes | None) -> str | None:
        return None if raw is None else raw.decode("utf-8", "backslashreplace")

    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": record.timestamp / 1_000,
        "key": text(record.key),
        "headers": {name: text(value) for name, value in record.headers},
        "value": text(record.value),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, UUID | datetime):
        return str(value)
    return value.hex() if isinstance(value, bytes) else str(value)
