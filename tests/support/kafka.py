"""A real Apache Kafka for tests: KAFKA_BOOTSTRAP_SERVERS', or one node of our own per process.

With pytest-xdist use ``--dist loadgroup``: all tests of the group "kafka" then run in one worker,
which starts one broker.
"""

import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient

from shared.embedded.kafka import EmbeddedKafka, missing_tools

# For the parameter, or the test, that needs the broker.
KAFKA_MARKS = (pytest.mark.kafka, pytest.mark.xdist_group("kafka"))


def must_run() -> bool:
    """Whether a machine without Kafka fails the tests that need it, where it else skips them."""
    return os.environ.get("CI") == "true" or os.environ.get("TURNOUT_REQUIRE_KAFKA") == "1"


def need_kafka(*, embedded: bool = False) -> None:
    """Skip or fail, saying what is missing, where no broker can be had; or none of our own."""
    missing = missing_tools()
    if not missing or (not embedded and "KAFKA_BOOTSTRAP_SERVERS" in os.environ):
        return
    reason = f"NO APACHE KAFKA: {' and '.join(missing)} not found, KAFKA_BOOTSTRAP_SERVERS not set"
    if must_run() and not embedded:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka() -> AsyncIterator[str]:
    """The address of a broker; tests keep apart by the names of their topics and groups."""
    need_kafka()
    if "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
        yield os.environ["KAFKA_BOOTSTRAP_SERVERS"]
        return
    async with EmbeddedKafka() as broker:
        yield broker.bootstrap_servers


@pytest_asyncio.fixture
async def kafka_admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Who changes and deletes topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    yield admin
    await admin.close()


def own_topics(kafka: str, *, partitions: int) -> dict[str, Any]:
    """Settings of a process with topics that no other test has."""
    prefix = f"test-{uuid4().hex[:8]}"
    return {
        "kafka_bootstrap_servers": kafka,
        "topic_prefix": prefix,
        "source_topics": (f"{prefix}.events",),
        "partitions": partitions,
    }
