"""A dump holds every row and every record, in order."""

from pathlib import Path
from uuid import uuid4

import asyncpg
import orjson

from shared.bus.kafka import open_kafka_bus
from shared.bus.protocol import Record, Topic
from shared.runtime.settings import KafkaSettings
from tests.chaos.dump import TABLES, dump
from tests.support.kafka import KAFKA_MARKS

pytestmark = [*KAFKA_MARKS]


async def publish_and_read(kafka: str, prefix: str) -> None:
    """Twenty records on a source topic, read to the end by a group; an empty topic beside it."""
    source = f"{prefix}.events"
    async with open_kafka_bus(KafkaSettings(bootstrap_servers=kafka)) as bus:
        topics = (source, f"{prefix}.triggers")
        await bus.ensure_topics([Topic(name=name, partitions=2) for name in topics])
        headers = (("content-type", b"application/json"),)
        await bus.publish(
            [
                Record(topic=source, key=f"{n}".encode(), value=b'{"n": %d}' % n, headers=headers)
                for n in range(20)
            ]
        )
        async with bus.subscribe([source], group=f"{prefix}.trigger-ingest") as subscription:
            read = 0
            while read < 20:
                found = await subscription.fetch(max_records=50, wait_s=1)
                read += sum(map(len, found.values()))
                await subscription.commit({p: rs[-1].offset + 1 for p, rs in found.items()})


async def test_a_dump_holds_what_there_is(database: str, kafka: str, tmp_path: Path) -> None:
    """Rows with their JSON read, records by partition and offset, ends and positions."""
    prefix = f"dump{uuid4().hex[:8]}"
    source = f"{prefix}.events"
    conn = await asyncpg.connect(database)
    await conn.execute(
        "INSERT INTO event_conflicts (key, origin, received_at, record)"
        " VALUES ($1, 'there', now(), $2)",
        uuid4(),
        '{"name": "w"}',
    )
    await conn.close()
    await publish_and_read(kafka, prefix)
    await dump(database, kafka, tmp_path, prefix=prefix, sources=[source])

    def lines(name: str) -> list[dict[str, object]]:
        return [orjson.loads(x) for x in (tmp_path / f"{name}.jsonl").read_bytes().splitlines()]

    assert [row["record"] for row in lines("event_conflicts")] == [{"name": "w"}]
    assert all((tmp_path / f"{name}.jsonl").exists() for name in TABLES)
    records = lines("topics")
    assert sorted(str(record["value"]) for record in records) == sorted(
        f'{{"n": {n}}}' for n in range(20)
    )
    places = [(str(r["topic"]), str(r["partition"]), r["offset"]) for r in records]
    assert len(set(places)) == 20
    assert records[0]["headers"] == {"content-type": "application/json"}
    offsets = lines("offsets")
    ends = {x["partition"]: x["end"] for x in offsets if x["topic"] == source and not x["group"]}
    at = {x["partition"]: x["at"] for x in offsets if x["group"] == f"{prefix}.trigger-ingest"}
    assert ends == at
    assert len(ends) == 2
