"""Both buses for the conformance suite, and members that write down what happens to them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr

from shared.bus.kafka import open_kafka_bus
from shared.bus.local import open_local_bus
from shared.bus.protocol import Bus, Received, Record, Subscription, Topic, TopicPartition
from shared.db.pool import open_pool
from shared.runtime.clock import SystemClock
from shared.runtime.settings import KafkaSettings, PostgresSettings
from tests.support.eventually import eventually
from tests.support.kafka import KAFKA_MARKS
from tests.support.postgres import drop, execute, sibling

SESSION_TIMEOUT_S = 1.5
"""For tests of members that are missed: soon. A busy machine may lose others as soon."""
PATIENT_S = 10.0
RECORD_BYTES_MAX = 1_100_000
WITHIN_S = 60.0

OpenBus = Callable[[], AbstractAsyncContextManager[Bus]]


class BusAddress(NamedTuple):
    """Which bus, and where."""

    kind: str
    address: str


@pytest.fixture(params=["local", pytest.param("kafka", marks=KAFKA_MARKS)])
def bus_address(request: pytest.FixtureRequest) -> BusAddress:
    """Each of the buses, running."""
    where = {"local": "bus_database", "kafka": "kafka"}[request.param]
    return BusAddress(request.param, request.getfixturevalue(where))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bus_database(postgres: str, migrated_template: str) -> AsyncIterator[str]:
    """One database for the local bus; tests keep apart by the names of their topics and groups."""
    name = f"test_bus_{uuid4().hex}"
    await execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    yield sibling(postgres, name)
    await drop(postgres, name)


@pytest.fixture
def session_timeout_s() -> float:
    """How long members may be silent; tests of those that are missed have one of their own."""
    return PATIENT_S


@pytest.fixture
def open_bus(bus_address: BusAddress, session_timeout_s: float) -> OpenBus:
    """Opens a connection to the bus; each stands for a process of its own."""
    return opener(bus_address, session_timeout_s)


def opener(at: BusAddress, session_timeout_s: float = SESSION_TIMEOUT_S) -> OpenBus:
    """Opens connections to the bus at ``at``."""
    if at.kind == "kafka":
        return lambda: open_kafka_bus(kafka_settings(at.address, session_timeout_s))
    return lambda: _open_local(PostgresSettings(dsn=SecretStr(at.address)), session_timeout_s)


def kafka_settings(
    bootstrap_servers: str, session_timeout_s: float = SESSION_TIMEOUT_S
) -> KafkaSettings:
    """Settings under which a dead member is missed soon, unless more is said."""
    return KafkaSettings(
        bootstrap_servers=bootstrap_servers,
        session_timeout_s=session_timeout_s,
        record_bytes_max=RECORD_BYTES_MAX,
    )


@asynccontextmanager
async def _open_local(settings: PostgresSettings, session_timeout_s: float) -> AsyncIterator[Bus]:
    async with (
        open_pool(settings) as pool,
        open_local_bus(
            pool,
            SystemClock(),
            record_bytes_max=RECORD_BYTES_MAX,
            session_timeout_s=session_timeout_s,
        ) as bus,
    ):
        yield bus


@pytest_asyncio.fixture
async def bus(open_bus: OpenBus) -> AsyncIterator[Bus]:
    """One connection to the bus."""
    async with open_bus() as opened:
        yield opened


@pytest_asyncio.fixture
async def topic(bus: Bus) -> str:
    """A new topic of four partitions."""
    return await new_topic(bus, partitions=4)


async def new_topic(bus: Bus, *, partitions: int) -> str:
    """Create a topic that no other test knows."""
    name = f"test.{uuid4().hex}"
    await bus.ensure_topics([Topic(name=name, partitions=partitions)])
    return name


def new_group() -> str:
    """A group that no other test knows."""
    return f"group.{uuid4().hex}"


def numbered(topic: str, count: int, *, partition: int | None = 0) -> list[Record]:
    """Records with the values 0, 1, 2 and so on."""
    return [
        Record(topic=topic, key=None, value=str(n).encode(), partition=partition)
        for n in range(count)
    ]


class Diary:
    """An assignee that writes down what happens, and names ``positions`` where it has them."""

    def __init__(self, positions: Mapping[TopicPartition, int] | None = None) -> None:
        self.owned: set[TopicPartition] = set()
        self.positions = positions or {}
        self.before_revoked: Callable[[Sequence[TopicPartition]], Awaitable[None]] | None = None

    async def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Own ``partitions``."""
        self.owned |= set(partitions)
        return {at: self.positions[at] for at in partitions if at in self.positions}

    async def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Own them no more."""
        if self.before_revoked:
            await self.before_revoked(partitions)
        self.owned -= set(partitions)


async def read(subscription: Subscription, count: int) -> list[Received]:
    """The next records, ``count`` or more, in the order of arrival; fails after a minute."""
    found: list[Received] = []
    async with asyncio.timeout(WITHIN_S):
        while len(found) < count:
            for records in (await subscription.fetch(max_records=500, wait_s=1)).values():
                found += records
    return found


async def quiet(subscription: Subscription, *, for_s: float) -> bool:
    """Whether no record comes for a while."""
    return not await subscription.fetch(max_records=1, wait_s=for_s)


async def all_assigned(subscription: Subscription, count: int) -> None:
    """Return when the member owns ``count`` partitions."""
    await eventually(lambda: len(subscription.assignment()) == count, within_s=WITHIN_S)


def values(records: Sequence[Received]) -> list[bytes | None]:
    """The records' values."""
    return [record.value for record in records]


def next_positions(records: Sequence[Received]) -> dict[TopicPartition, int]:
    """What to commit when ``records`` are done."""
    return {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
