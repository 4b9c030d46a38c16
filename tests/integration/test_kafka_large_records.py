"""Records of strangers from Kafka, larger than an event, a record of ours, or a whole fetch."""

import pytest

from shared.bus.kafka import open_kafka_bus
from shared.bus.protocol import Record, Topic
from shared.wire.strict_json import JsonLimits
from tests.integration.test_bad_records import FINE, envelope
from tests.support.bus import PATIENT_S, RECORD_BYTES_MAX, kafka_settings
from tests.support.eventually import eventually
from tests.support.house import count, open_house
from tests.support.kafka import KAFKA_MARKS, own_topics

pytestmark = [*KAFKA_MARKS, pytest.mark.timeout(180)]

EVENT_BYTES_MAX = JsonLimits().body_bytes_max
FETCH_BYTES_MAX = 16 * 2**20


def event_of(size: int) -> bytes:
    """An event of so many bytes."""
    return envelope(b'"' + b"x" * (size - len(envelope(b'""'))) + b'"')


async def test_what_is_too_large_is_a_dead_letter(database: str, kafka: str) -> None:
    """At the limit an event starts what awaits it; all that are larger are kept, and none stops it.

    The topic is another's, which takes records of any size.
    """
    settings = own_topics(kafka, partitions=1)
    [topic] = settings["source_topics"]
    theirs = kafka_settings(kafka, PATIENT_S).model_copy(
        update={"record_bytes_max": 4 * FETCH_BYTES_MAX}
    )
    too_large = [EVENT_BYTES_MAX + 1, RECORD_BYTES_MAX, FETCH_BYTES_MAX + 1, 2 * FETCH_BYTES_MAX]
    async with open_kafka_bus(theirs) as bus:
        await bus.ensure_topics([Topic(name=topic, partitions=1)])
        async with open_house(database, **settings) as house:
            await house.register(FINE)
            for size in (EVENT_BYTES_MAX, *too_large, EVENT_BYTES_MAX):
                await bus.publish([Record(topic=topic, key=b"k", value=event_of(size))])
            await eventually(lambda: len(house.letters()) == len(too_large), within_s=60)
            await eventually(lambda: house.phases().count("completed") == 2, within_s=60)
            assert [letter["value_bytes"] for letter in house.letters()] == too_large
            assert {letter["reason"] for letter in house.letters()} == {"TOO_LARGE"}
            assert await count(house.platform.pool, "executions") == 2
