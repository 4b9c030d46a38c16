"""The Kafka bus when the broker fails, and the embedded broker itself."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, errors
from aiokafka import TopicPartition as Place
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.bus.kafka import open_kafka_bus
from shared.bus.protocol import Bus, Record, Subscription
from shared.domain.errors import Rejected, Unavailable
from shared.embedded.kafka import EmbeddedKafka
from tests.integration.cli.command import is_alive
from tests.support.bus import (
    kafka_settings,
    new_group,
    new_topic,
    next_positions,
    numbered,
    read,
    values,
)
from tests.support.eventually import eventually
from tests.support.kafka import KAFKA_MARKS, need_kafka

ROOT = Path(__file__).parents[2]

pytestmark = [*KAFKA_MARKS]


@pytest_asyncio.fixture
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedKafka]:
    """A broker of the test's own, to be harmed."""
    need_kafka(embedded=True)
    async with EmbeddedKafka(tmp_path) as running:
        yield running


async def refused(subscription: Subscription) -> None:
    """Fetch until the bus gives up."""
    async with asyncio.timeout(30):
        while True:
            await subscription.fetch(max_records=1, wait_s=0.5)


@pytest.mark.parametrize(
    "fault",
    [
        errors.KafkaConnectionError,
        errors.GroupCoordinatorNotAvailableError,
        errors.GroupAuthorizationFailedError,
        TimeoutError,
    ],
)
async def test_a_commit_that_fails_is_told(
    kafka: str, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    """Only one that came too late is dropped: any other would be missing at the next start."""

    async def fail(*_: object) -> None:
        raise fault

    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        topic = await new_topic(bus, partitions=1)
        await bus.publish(numbered(topic, 1))
        async with bus.subscribe([topic], group=new_group()) as subscription:
            found = await read(subscription, 1)
            monkeypatch.setattr(AIOKafkaConsumer, "commit", fail)
            with pytest.raises(Unavailable):
                await subscription.commit(next_positions(found))


async def test_what_comes_while_a_partition_goes_is_not_given_out(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records were on their way when it was lost: they are read once it is somebody's again."""
    getmany, lost = AIOKafkaConsumer.getmany, asyncio.Event()
    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        topic = await new_topic(bus, partitions=1)
        await bus.publish(numbered(topic, 3))
        async with bus.subscribe([topic], group=new_group()) as subscription:

            async def losing(consumer: AIOKafkaConsumer, *places: Place, **more: Any) -> Any:
                found = await getmany(consumer, *places, **more)
                if found:
                    await subscription.give_up()
                    lost.set()
                return found

            with monkeypatch.context() as patched:
                patched.setattr(AIOKafkaConsumer, "getmany", losing)
                async with asyncio.timeout(60):
                    while not lost.is_set():
                        assert not await subscription.fetch(max_records=9, wait_s=0.5)
            await subscription.take_over([Place(topic, 0)])
            assert values(await read(subscription, 3)) == [b"0", b"1", b"2"]


async def test_broker_killed_and_back(
    broker: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the broker is dead all calls say so; after that nothing acknowledged is missing."""
    async with open_kafka_bus(kafka_settings(broker.bootstrap_servers)) as bus:
        topic = await new_topic(bus, partitions=1)
        group = new_group()
        await bus.publish(numbered(topic, 5))
        async with bus.subscribe([topic], group=group) as subscription:
            found = await read(subscription, 5)
            await subscription.commit(next_positions(found))
            await broker.kill()
            monkeypatch.setattr(bus, "_delivery_s", 1.5)
            for value in (b"5", b"6"):
                with pytest.raises(Unavailable):
                    await bus.publish([record(topic, value)])
            with pytest.raises(Unavailable):
                await bus.check()
            with pytest.raises(Unavailable):
                await refused(subscription)
            await broker.start()
            monkeypatch.undo()
            await publish_until_done(bus, [record(topic, b"5"), record(topic, b"6")])
            later = values(await read(subscription, 2))
            while b"6" not in later:  # what was published twice comes twice
                later += values(await read(subscription, 1))
    assert list(dict.fromkeys(later)) == [b"5", b"6"]


def record(topic: str, value: bytes) -> Record:
    """A record for partition 0."""
    return Record(topic=topic, key=None, value=value, partition=0)


async def publish_until_done(bus: Bus, records: list[Record]) -> None:
    """Publish as a patient caller does."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await bus.publish(records)
            except Unavailable:
                await asyncio.sleep(0.1)


async def test_brokers_limit_is_lower(kafka: str) -> None:
    """A record that only the broker finds too large is refused, and the next one passes."""
    topic = f"test.{new_group()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": "2000"})])
    await admin.close()
    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        await bus.publish([record(topic, b"before")])
        with pytest.raises(Rejected):
            await bus.publish([record(topic, bytes(3000))])
        await bus.publish([record(topic, b"after")])
        async with bus.subscribe([topic], group=new_group()) as subscription:
            assert values(await read(subscription, 2)) == [b"before", b"after"]


async def test_nobody_there() -> None:
    """Opening the bus where no broker listens raises Unavailable, at once."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
        with pytest.raises(Unavailable):
            async with open_kafka_bus(kafka_settings(address)):
                pass


async def test_broker_dies_with_its_parent(tmp_path: Path) -> None:
    """The command prints the address; killed without warning, it leaves no broker behind."""
    need_kafka(embedded=True)
    command = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "infra/kafka/broker.py"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert command.stdout is not None
    try:
        line = (await asyncio.wait_for(command.stdout.readline(), 60)).decode().strip()
        name, _, address = line.partition("=")
        assert name == "KAFKA_BOOTSTRAP_SERVERS"
        [broker] = (
            (Path("/proc") / str(command.pid) / "task" / str(command.pid) / "children")
            .read_text()
            .split()
        )
    finally:
        command.send_signal(signal.SIGKILL)
        await command.communicate()
    await eventually(lambda: not is_alive(int(broker)))
    with pytest.raises(Unavailable):
        async with open_kafka_bus(kafka_settings(address)):
            pass
