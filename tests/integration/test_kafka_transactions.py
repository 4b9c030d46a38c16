"""Publishers that use Kafka's transactions: what they took back was never said."""

from aiokafka import AIOKafkaProducer

from shared.bus.kafka import open_kafka_bus
from tests.support.bus import kafka_settings, new_group, new_topic, read, values
from tests.support.kafka import KAFKA_MARKS

pytestmark = [*KAFKA_MARKS]


async def test_what_a_publisher_took_back_is_not_read(kafka: str) -> None:
    """Aborted records are passed over, those before and after them read."""
    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        topic = await new_topic(bus, partitions=1)
        async with AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=topic) as producer:
            for value in (b"said", b"taken back", b"said again"):
                await producer.begin_transaction()
                await producer.send_and_wait(topic, value)
                if value == b"taken back":
                    await producer.abort_transaction()
                else:
                    await producer.commit_transaction()
        async with bus.subscribe([topic], group=new_group()) as subscription:
            assert values(await read(subscription, 2)) == [b"said", b"said again"]
