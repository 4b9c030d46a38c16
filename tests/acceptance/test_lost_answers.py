"""What Kafka has taken and could not say: the producer asks again, and nothing is there twice."""

import asyncio
import random
from pathlib import Path

from shared.bus.kafka import open_kafka_bus
from shared.embedded.kafka import EmbeddedKafka
from tests.chaos.proxy import Trouble, Way, open_proxy
from tests.support.bus import kafka_settings, new_group, new_topic, numbered, read, values
from tests.support.eventually import eventually
from tests.support.kafka import KAFKA_MARKS, need_kafka

pytestmark = [*KAFKA_MARKS]

RECORDS = 20


async def test_what_is_published_while_answers_are_lost_is_there_once(tmp_path: Path) -> None:
    """The records are in the broker's log before the connection breaks without a word."""
    need_kafka(embedded=True)
    async with open_proxy(0, random.Random(1)) as proxy:
        broker = EmbeddedKafka(tmp_path, advertised_port=proxy.port)
        proxy.target = int(broker.bootstrap_servers.rpartition(":")[2])
        async with broker, open_kafka_bus(kafka_settings(f"127.0.0.1:{proxy.port}")) as bus:
            topic = await new_topic(bus, partitions=1)
            await bus.publish(numbered(topic, 1))  # by a producer that is open from here on
            before = _written(tmp_path, topic)
            with proxy.troubled(Trouble(cut=Way.TO_CLIENT), loses=True):
                publishing = asyncio.create_task(bus.publish(numbered(topic, RECORDS)))
                await eventually(lambda: _written(tmp_path, topic) > before)
                assert not publishing.done()
            await publishing
            async with bus.subscribe([topic], group=new_group()) as subscription:
                found = values(await read(subscription, 1 + RECORDS))
                # Whatever was there twice would come next.
                more = await subscription.fetch(max_records=1, wait_s=1.0)
    assert found == [r.value for r in [*numbered(topic, 1), *numbered(topic, RECORDS)]]
    assert not more


def _written(folder: Path, topic: str) -> int:
    """How many bytes the broker has in the topic's log."""
    return sum(path.stat().st_size for path in folder.rglob(f"{topic}-0/*.log"))
