"""Retention deletes what a group has not read: it reads what is left, and says what it missed."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka import TopicPartition as Place
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from structlog.testing import capture_logs

from shared.bus.kafka import open_kafka_bus
from shared.bus.protocol import Bus, TopicPartition
from tests.support.bus import (
    Diary,
    kafka_settings,
    new_group,
    new_topic,
    next_positions,
    numbered,
    quiet,
    read,
    values,
)
from tests.support.kafka import KAFKA_MARKS

pytestmark = [*KAFKA_MARKS]

Delete = Callable[[str, int], Any]


@pytest.fixture
def delete(kafka_admin: AIOKafkaAdminClient) -> Delete:
    """Deletes a topic's records before an offset, as its retention does."""

    async def records_before(topic: str, offset: int) -> None:
        await kafka_admin.delete_records({Place(topic, 0): RecordsToDelete(before_offset=offset)})

    return records_before


def missed(logs: list[Any]) -> list[tuple[Any, int, int]]:
    """What was told: the partition, where reading stood, and where it goes on."""
    return [
        (entry["partition"], entry["position"], entry["next"])
        for entry in logs
        if entry["event"] == "position_out_of_range" and entry["log_level"] == "warning"
    ]


async def kept_by_group(bus: Bus, topic: str, group: str) -> Mapping[TopicPartition, int]:
    """Read two records, and leave the position behind them with the group."""
    async with bus.subscribe([topic], group=group) as subscription:
        found = await subscription.fetch(max_records=2, wait_s=60)
        await subscription.commit(next_positions(found[TopicPartition(topic, 0)]))
    return {}


async def kept_elsewhere(bus: Bus, topic: str, group: str) -> Mapping[TopicPartition, int]:
    """As an executor does, which has its position in Postgres."""
    del bus, group
    return {TopicPartition(topic, 0): 2}


@pytest.mark.parametrize("keep", [kept_by_group, kept_elsewhere])
async def test_a_position_that_was_deleted_is_told_and_the_rest_is_read(
    kafka: str, delete: Delete, keep: Callable[..., Any]
) -> None:
    """Once: neither the next fetch nor the next member tells of it again."""
    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        topic, group = await new_topic(bus, partitions=1), new_group()
        await bus.publish(numbered(topic, 10))
        positions = await keep(bus, topic, group)
        await delete(topic, 6)
        with capture_logs() as logs:
            async with bus.subscribe(
                [topic], group=group, assignee=Diary(positions)
            ) as subscription:
                found = await read(subscription, 4)
                assert values(found) == [b"6", b"7", b"8", b"9"]
                await subscription.commit(next_positions(found))
                await bus.publish(numbered(topic, 1))
                await read(subscription, 1)
            async with bus.subscribe([topic], group=group) as subscription:
                await read(subscription, 1)
        assert missed(logs) == [(TopicPartition(topic, 0), 2, 6)]


async def test_what_is_deleted_while_a_member_holds_back_is_told(
    kafka: str, delete: Delete
) -> None:
    """A quota may let records wait for longer than their topic keeps them."""
    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        topic = await new_topic(bus, partitions=1)
        at = TopicPartition(topic, 0)
        await bus.publish(numbered(topic, 3))
        async with bus.subscribe([topic], group=new_group()) as subscription:
            assert len(await read(subscription, 3)) == 3
            subscription.pause([at])
            assert await quiet(subscription, for_s=1.0)  # no fetch that is under way has it
            await bus.publish(numbered(topic, 5))
            await delete(topic, 7)
            with capture_logs() as logs:
                subscription.resume([at])
                assert values(await read(subscription, 1)) == [b"4"]
            assert missed(logs) == [(at, 3, 7)]


async def test_a_topic_that_holds_less_than_was_read_is_told(kafka: str) -> None:
    """It was made anew: it is read from its beginning."""
    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        topic = await new_topic(bus, partitions=1)
        at = TopicPartition(topic, 0)
        await bus.publish(numbered(topic, 3))
        with capture_logs() as logs:
            assignee = Diary({at: 1000})
            async with bus.subscribe([topic], group=new_group(), assignee=assignee) as subscription:
                assert len(await read(subscription, 3)) == 3
        assert missed(logs) == [(at, 1000, 0)]


async def test_what_nobody_missed_is_not_told(kafka: str, delete: Delete) -> None:
    """A new group has read nothing; who has read all that is deleted lacks nothing."""
    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        topic, group = await new_topic(bus, partitions=1), new_group()
        await bus.publish(numbered(topic, 5))
        await delete(topic, 2)
        with capture_logs() as logs:
            async with bus.subscribe([topic], group=group) as subscription:
                await subscription.commit(next_positions(await read(subscription, 3)))
            await delete(topic, 5)
            await bus.publish(numbered(topic, 2))
            async with bus.subscribe([topic], group=group) as subscription:
                assert len(await read(subscription, 2)) == 2
        assert missed(logs) == []


async def test_marks_of_transactions_are_no_gap(kafka: str) -> None:
    """Nor is what was taken back, wherever a fetch begins."""
    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        topic, group = await new_topic(bus, partitions=1), new_group()
        async with AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=topic) as producer:
            for number in range(6):
                await producer.begin_transaction()
                await producer.send_and_wait(topic, str(number).encode())
                if number % 2:
                    await producer.abort_transaction()
                else:
                    await producer.commit_transaction()
        with capture_logs() as logs:
            for value in (b"0", b"2", b"4"):
                async with bus.subscribe([topic], group=group) as subscription:
                    found = await subscription.fetch(max_records=1, wait_s=60)
                    [records] = found.values()
                    assert values(records) == [value]
                    await subscription.commit(next_positions(records))
        assert missed(logs) == []
