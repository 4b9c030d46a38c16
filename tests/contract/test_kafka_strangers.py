"""What publishers that are not ours may write to Kafka: nobody stops over it, nothing is lost."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from struct import pack_into
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer, codec
from aiokafka import TopicPartition as Place
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from shared.bus.kafka import open_kafka_bus
from shared.bus.kafka_batches import BATCH_BYTES_MAX, TOO_LARGE
from shared.bus.protocol import Bus, Received, Record, TopicPartition
from tests.support.bus import (
    PATIENT_S,
    kafka_settings,
    new_group,
    new_topic,
    numbered,
    read,
    values,
)
from tests.support.kafka import KAFKA_MARKS

pytestmark = [*KAFKA_MARKS]

NAME: Final = "namXXe"
NO_NAME: Final = b"nam\xff\xfee"
"""As long, and no UTF-8."""
TOLD: Final = (("ce_id", b"1"), ("nam??e", b"x"), ("gr\u00fc\u00dfe", b""))
STAMP_S: Final = 1_774_000_000
STAMP: Final = datetime.fromtimestamp(STAMP_S, UTC)
CODECS: Final[Mapping[int, Callable[[bytes], Any]]] = {
    0: bytes,
    1: codec.gzip_encode,
    2: codec.snappy_encode,
    3: codec.lz4_encode,
    4: codec.zstd_encode,
}
"""By their number in a batch's attributes; a publisher takes which it likes."""
_HEAD: Final = 61
_LENGTH_AT, _CRC_AT, _ATTRIBUTES_AT = 8, 17, 21


@pytest.fixture
async def bus(kafka: str) -> AsyncIterator[Bus]:
    """A process that is to bear all this."""
    async with open_kafka_bus(kafka_settings(kafka, PATIENT_S)) as opened:
        yield opened


def batch_of(
    count: int, bad: Sequence[int], *, compressed: int = 0, value: bytes | None = None
) -> bytes:
    """Records with the values 0, 1, 2 and so on, of which those at ``bad`` have such a header."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=2**20 if value is None else 4 * len(value),
    )
    for n in range(count):
        headers: list[Any] = [("ce_id", b"1"), (NAME, b"x"), ("gr\u00fc\u00dfe", None)]
        builder.append(
            n,
            timestamp=STAMP_S * 1_000 + n,
            key=None if n % 2 else b"",
            value=str(n).encode() if value is None else value,
            headers=headers if n in bad else [],
        )
    raw = bytes(builder.build()).replace(NAME.encode(), NO_NAME)
    batch = bytearray(raw[:_HEAD]) + bytes(CODECS[compressed](raw[_HEAD:]))
    pack_into(">h", batch, _ATTRIBUTES_AT, compressed)
    pack_into(">i", batch, _LENGTH_AT, len(batch) - 12)
    pack_into(">I", batch, _CRC_AT, calc_crc32c(bytes(batch[_ATTRIBUTES_AT:])))
    return bytes(batch)


@asynccontextmanager
async def stranger(kafka: str) -> AsyncIterator[AIOKafkaClient]:
    """A client that sends what it likes."""
    client = AIOKafkaClient(bootstrap_servers=kafka)
    await client.bootstrap()
    yield client
    await client.close()


async def put(client: AIOKafkaClient, place: TopicPartition, batch: bytes) -> None:
    """Have the broker take a batch as it is."""
    await client.set_topics([place.topic])
    leader = client.cluster.leader_for_partition(Place(place.topic, place.partition))
    request = ProduceRequest(None, -1, 30_000, [(place.topic, [(place.partition, batch)])])
    answer = await client.send(leader, request)
    [(_, [(_, error, *_)])] = answer.topics
    assert error == 0


def bad(records: Sequence[Received]) -> list[bytes | None]:
    """Which of them have such a header, told with ``?`` for what is no text."""
    assert {record.headers for record in records} <= {(), TOLD}
    return [record.value for record in records if record.headers]


@pytest.mark.parametrize("compressed", CODECS)
async def test_a_header_name_that_is_no_text_stops_nobody(
    kafka: str, bus: Bus, compressed: int
) -> None:
    """The record comes with its value, as do those before and behind it, and beside it."""
    topic = await new_topic(bus, partitions=2)
    place, told = TopicPartition(topic, 0), [b"1", b"2", b"4"]
    async with bus.tail([topic]) as following:
        await bus.publish(numbered(topic, 3))
        async with stranger(kafka) as client:
            for _ in range(2):
                await put(client, place, batch_of(5, (1, 2, 4), compressed=compressed))
        await bus.publish([*numbered(topic, 2), *numbered(topic, 20, partition=1)])
        followed = [await anext(following) for _ in range(35)]
    given = [*b"012", *b"01234", *b"01234", *b"01"]
    wanted = [bytes([digit]) for digit in given]
    async with bus.subscribe([topic], group=new_group()) as subscription:
        found = await read(subscription, 35)
        assert (await subscription.lag())[place] == 0
    async with bus.history({place: range(5, 14)}) as passage:
        again = [record async for record in passage]
    for records, expected in ((found, wanted), (followed, wanted), (again, wanted[5:14])):
        ours = [record for record in records if record.partition == 0]
        assert values(ours) == expected
        assert [record.offset for record in ours] == [
            *range(ours[0].offset, ours[0].offset + len(expected))
        ]
    assert bad([record for record in found if record.partition == 0]) == told * 2
    assert {record.key for record in again if record.headers} == {None, b""}
    assert len(values(found)) == 35


@pytest.mark.parametrize("compressed", [1, 3, 4])
async def test_a_batch_that_takes_all_memory_comes_as_one_record_without_a_value(
    kafka: str, bus: Bus, compressed: int
) -> None:
    """Its header says why; what stands before, behind and beside it comes as ever."""
    topic = await new_topic(bus, partitions=1)
    place, much = TopicPartition(topic, 0), bytes(BATCH_BYTES_MAX // 2)
    async with stranger(kafka) as client:
        await bus.publish(numbered(topic, 2))
        await put(client, place, batch_of(3, (), compressed=compressed, value=much))
        await put(client, place, batch_of(2, (), compressed=compressed))
    async with bus.subscribe([topic], group=new_group()) as subscription:
        found = await read(subscription, 5)
        await subscription.commit({place: found[2].offset + 1})
        assert (await subscription.lag())[place] == 0
    assert [(record.offset, record.value) for record in found] == [
        *((0, b"0"), (1, b"1"), (4, None), (5, b"0"), (6, b"1")),
    ]
    assert [record.headers for record in found if record.headers] == [TOO_LARGE]


async def test_a_few_at_a_time_are_no_other_records(kafka: str, bus: Bus) -> None:
    """Where a fetch ends amid such a batch, or another begins there, it goes on behind it."""
    topic, group = await new_topic(bus, partitions=1), new_group()
    place = TopicPartition(topic, 0)
    async with stranger(kafka) as client:
        await put(client, place, batch_of(6, (0, 3, 5)))
    found: list[Received] = []
    for most in (1, 2, 3):
        async with bus.subscribe([topic], group=group) as subscription:
            while not (some := await subscription.fetch(max_records=most, wait_s=1)):
                pass
            found += some[place]
            await subscription.commit({place: found[-1].offset + 1})
    assert values(found) == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert bad(found) == [b"0", b"3", b"5"]


async def test_a_publisher_may_count_in_other_units(
    kafka: str, bus: Bus, kafka_admin: AIOKafkaAdminClient
) -> None:
    """A time in micro- or nanoseconds is understood; what is no time at all stops nobody."""
    topic = new_group()
    most = {"message.timestamp.after.max.ms": str(2**63 - 1)}
    await kafka_admin.create_topics([NewTopic(topic, 1, 1, topic_configs=most)])
    stamps = [STAMP_S * 1_000, STAMP_S * 10**6, STAMP_S * 10**9, 2**63 - 1]
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for stamp in stamps:
            await producer.send_and_wait(topic, b"1", timestamp_ms=stamp)
    await bus.publish([Record(topic=topic, key=None, value=b"last")])
    async with bus.subscribe([topic], group=new_group()) as subscription:
        found = await read(subscription, 5)
    assert [record.published_at for record in found[:3]] == [STAMP] * 3
    assert found[3].published_at > STAMP
    assert found[4].value == b"last"
