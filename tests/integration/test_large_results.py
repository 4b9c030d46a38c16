"""A result that its topic does not take is published without its values, and holds nobody up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.bus.local import LocalBus
from shared.bus.placing import Placer
from shared.bus.protocol import TopicPartition
from shared.domain.ids import ExecutionId
from shared.wire.topics import Topics
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    caught_up,
    open_works,
    published,
    start,
    statuses,
    transform,
    until,
    workflow,
)

LIMIT = 20_000
LARGE = [NOTE, transform("large", "$pad('', 30000, 'x')"), {**NOTE, "id": "last"}]


def results_of(records: list[dict[str, Any]], id_: ExecutionId) -> dict[str, dict[str, Any]]:
    """An execution's results by step."""
    told = [r["data"] for r in records if r["type"].startswith("turnout.step.")]
    return {data["step_id"]: data for data in told if data["execution_id"] == str(id_)}


def check_told(told: dict[str, dict[str, Any]]) -> None:
    """All three steps, and only the large one truncated."""
    assert {step: data.get("truncated", False) for step, data in told.items()} == {
        "note": False,
        "large": True,
        "last": False,
    }
    assert told["large"]["output"] is None
    assert told["large"]["status"] == "COMPLETED"
    assert told["last"]["output"] == "done"


async def test_a_result_over_the_limit_is_published_without_its_values(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has it whole; those of the same batch come whole and in order."""
    async with open_works(database) as works:
        bus = works.platform.bus
        assert isinstance(bus, LocalBus)
        monkeypatch.setattr(bus, "_placer", Placer(record_bytes_max=LIMIT))
        large, small = await works.register(workflow(*LARGE)), await works.register(workflow(NOTE))
        [id_], others = await start(works, large), await start(works, small, 20)
        await all_ended(works.pool, 21)
        await caught_up(works)
        records = await published(works)
        check_told(results_of(records, id_))
        assert all("note" in results_of(records, other) for other in others)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        kept = "SELECT length(output::text) FROM execution_log WHERE step_id = 'large'"
        assert await works.pool.fetchval(kept) > LIMIT
        assert works.metric("turnout_results_truncated_total") >= 1
        assert works.platform.health.is_ready


async def test_the_same_result_is_truncated_alike(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published again after a crash, it has the same bytes."""
    async with open_works(database) as works:
        monkeypatch.setattr(works.platform.bus, "_placer", Placer(record_bytes_max=LIMIT))
        await start(works, await works.register(workflow(*LARGE)))
        await all_ended(works.pool, 1)
        await caught_up(works)
        await works.crash()
        await works.pool.execute("UPDATE partition_owners SET emitted_seq = 0")
    async with open_works(database) as works:
        monkeypatch.setattr(works.platform.bus, "_placer", Placer(record_bytes_max=LIMIT))
        await caught_up(works)
        raw = [r["raw"] for r in await published(works) if r["data"].get("truncated")]
        assert len(raw) >= 2
        assert len(set(raw)) == 1


async def test_a_command_that_is_too_large_waits_for_its_topic(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its reader needs whole is not cut: the role says so, waits, and then goes on."""
    child = workflow(NOTE)
    async with open_works(database) as works:
        called = await works.register({**child, "triggers": [{"kind": "workflow"}]})
        given = {"lang": "jsonata", "src": "{'text': $pad('', 30000, 'x')}"}
        call = {"workflow_id": str(called.id)}
        step = {"id": "call", "kind": "subworkflow", "subworkflow": call, "input": given}
        parent = await works.register(workflow(step))
        bus = works.platform.bus
        assert isinstance(bus, LocalBus)
        whole = vars(bus)["_placer"]
        monkeypatch.setattr(bus, "_placer", Placer(record_bytes_max=LIMIT))
        await start(works, parent)
        async with asyncio.timeout(10):
            while works.platform.health.is_ready:
                await asyncio.sleep(0.01)
        monkeypatch.setattr(bus, "_placer", whole)
        await all_ended(works.pool, 2)


@pytest.fixture
async def topics(kafka: str) -> AsyncIterator[Topics]:
    """Topics of which the one of the results takes little."""
    topics = Topics(prefix=f"test-{uuid4().hex[:8]}", sources=(f"test-{uuid4().hex[:8]}",))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    limits = {"max.message.bytes": str(LIMIT)}
    await admin.create_topics([NewTopic(topics.step_results, 2, 1, topic_configs=limits)])
    yield topics
    await admin.close()


async def read_topic(works: Works, topic: str) -> list[dict[str, Any]]:
    """Everything on a topic of Kafka."""
    bus = works.platform.bus
    places = [TopicPartition(topic, n) for n in range(await bus.partitions(topic))]
    ends = await bus.extents(topic, works.platform.clock.now())
    ranges = {place: range(ends[place].first, ends[place].next) for place in places}
    async with bus.history(ranges) as records:
        return [orjson.loads(record.value or b"") async for record in records]


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
async def test_kafka_refuses_batches_and_records(database: str, kafka: str, topics: Topics) -> None:
    """Also where only the broker knows how little its topic takes, and whole batches are more."""
    count = 150
    more: dict[str, Any] = {
        "kafka_bootstrap_servers": kafka,
        "topic_prefix": topics.prefix,
        "source_topics": topics.sources,
    }
    async with open_works(database, **more) as works:
        large, small = await works.register(workflow(*LARGE)), await works.register(workflow(NOTE))
        first = await start(works, small, count)
        [id_], others = await start(works, large), await start(works, small, count)
        await all_ended(works.pool, 2 * count + 1, within_s=60)
        await caught_up(works)
        records = await read_topic(works, topics.step_results)
        check_told(results_of(records, id_))
        told = {r["data"]["execution_id"] for r in records}
        assert told == {str(each) for each in (id_, *first, *others)}
        await until(works.pool, "SELECT max(epoch) = 1 FROM partition_owners")
