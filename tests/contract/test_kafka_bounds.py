"""How large a record from Kafka may be, and how much of them is fetched at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.bus.kafka import open_kafka_bus
from shared.bus.placing import size_of
from shared.bus.protocol import Bus, Record, TooLarge
from tests.support.bus import PATIENT_S, kafka_settings, new_group, new_topic, read, values
from tests.support.kafka import KAFKA_MARKS

pytestmark = [*KAFKA_MARKS]

LIMIT: Final = 200_000
"""TURNOUT_KAFKA__RECORD_BYTES_MAX, not as it is unless it is set."""
PARTITION_BYTES_MAX: Final = 2**20
"""Of a partition, in one fetch."""
FETCH_BYTES_MAX: Final = 16 * 2**20
"""In one fetch."""
HEADERS: Final = tuple((f"naïve-{n}", bytes(n)) for n in range(100))


@asynccontextmanager
async def bus_of(kafka: str, limit: int) -> AsyncIterator[Bus]:
    """A process with this limit."""
    settings = kafka_settings(kafka, PATIENT_S).model_copy(update={"record_bytes_max": limit})
    async with open_kafka_bus(settings) as bus:
        yield bus


def of_size(topic: str, size: int, **more: Any) -> Record:
    """A record that counts as so many bytes."""
    frame = size_of(Record(topic=topic, value=b"", **more))
    return Record(topic=topic, value=bytes(size - frame), **more)


def batch_bytes(value: bytes) -> int:
    """What Kafka takes a value for that is sent alone."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=2**30,
    )
    builder.append(0, timestamp=None, key=None, value=value, headers=[])
    return len(builder.build())


def in_batch_of(size: int) -> bytes:
    """The value that makes up so many bytes with Kafka's framing."""
    value = bytes(size - 100)
    return bytes(len(value) + size - batch_bytes(value))


@pytest.mark.parametrize(
    "more",
    [{"key": None}, {"key": b"k" * 150_000}, {"key": b"k", "headers": HEADERS}],
    ids=["alone", "mostly key", "headers"],
)
async def test_what_we_publish(kafka: str, more: dict[str, Any]) -> None:
    """At the limit a record passes, whatever it is made of; above it, by far or not, none does."""
    async with bus_of(kafka, LIMIT) as bus:
        topic = await new_topic(bus, partitions=1)
        largest = of_size(topic, LIMIT, **more)
        await bus.publish([largest])
        for size in (LIMIT + 1, 100 * LIMIT):
            with pytest.raises(TooLarge, match=rf"is {size} bytes; the limit is {LIMIT}"):
                await bus.publish([of_size(topic, size, **more)])
        last = Record(topic=topic, key=None, value=b"last")
        await bus.publish([last])
        async with bus.subscribe([topic], group=new_group()) as subscription:
            assert values(await read(subscription, 2)) == [largest.value, b"last"]


async def test_what_others_publish_to_our_topics(kafka: str) -> None:
    """The broker holds them to the same limit, to the byte."""
    async with bus_of(kafka, LIMIT) as bus:
        topic = await new_topic(bus, partitions=1)
        async with AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=2**26) as producer:
            largest = in_batch_of(LIMIT)
            await producer.send_and_wait(topic, largest)
            for size in (LIMIT + 1, 100 * LIMIT):
                with pytest.raises(MessageSizeTooLargeError):
                    await producer.send_and_wait(topic, in_batch_of(size))
            await producer.send_and_wait(topic, b"last")
        async with bus.subscribe([topic], group=new_group()) as subscription:
            assert values(await read(subscription, 2)) == [largest, b"last"]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("bound", [PARTITION_BYTES_MAX, FETCH_BYTES_MAX])
async def test_what_is_larger_than_a_fetch(kafka: str, bound: int) -> None:
    """On a topic of others a record may be larger than what is fetched at once: it comes through.

    So do those behind it, and those of other partitions.
    """
    async with bus_of(kafka, 4 * FETCH_BYTES_MAX) as theirs:
        topic = await new_topic(theirs, partitions=2)
        given = [in_batch_of(bound), in_batch_of(bound + 1), bytes(3 * bound), b"last"]
        for value in given:
            await theirs.publish([Record(topic=topic, key=None, value=value, partition=0)])
        await theirs.publish([Record(topic=topic, key=None, value=b"beside", partition=1)])
    async with bus_of(kafka, LIMIT) as bus, bus.subscribe([topic], group=new_group()) as ours:
        found = await read(ours, len(given) + 1)
    sizes = [len(record.value or b"") for record in found if record.partition == 0]
    assert sizes == [len(value) for value in given]
    assert [record.value for record in found if record.partition == 1] == [b"beside"]


@pytest.mark.timeout(180)
async def test_how_much_is_fetched_at_once(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many partitions that are behind, an answer holds a bounded part, of each and in all."""
    partitions, answers = 24, list[list[int]]()
    send: Any = AIOKafkaClient.send

    async def spy(client: AIOKafkaClient, node_id: int, request: Any, **more: Any) -> Any:
        answer = await send(client, node_id, request, **more)
        if isinstance(request, FetchRequest):
            parts = [part for _, parts in answer.topics for part in parts]
            answers.append([len(part[-1] or b"") for part in parts])
        return answer

    value = bytes(700_000)
    async with bus_of(kafka, 4 * FETCH_BYTES_MAX) as bus:
        topic = await new_topic(bus, partitions=partitions)
        for partition in range(partitions):
            record = Record(topic=topic, key=None, value=value, partition=partition)
            await bus.publish([record])
            await bus.publish([record])
        monkeypatch.setattr(AIOKafkaClient, "send", spy)
        async with bus.subscribe([topic], group=new_group()) as subscription:
            assert len(await read(subscription, 2 * partitions)) == 2 * partitions
    assert max(max(sizes, default=0) for sizes in answers) <= PARTITION_BYTES_MAX
    most = max(map(sum, answers))
    assert FETCH_BYTES_MAX - PARTITION_BYTES_MAX < most <= FETCH_BYTES_MAX
