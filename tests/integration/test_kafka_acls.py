"""Kafka takes away what a role may do with a topic: it says so, drops nothing, and goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import IntEnum
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from shared.bus.kafka import open_kafka_bus
from shared.bus.protocol import Bus, TopicPartition
from shared.domain.errors import Unavailable
from shared.embedded.kafka import EmbeddedKafka
from shared.runtime.health import Condition
from tests.support.bus import (
    WITHIN_S,
    kafka_settings,
    new_group,
    new_topic,
    next_positions,
    numbered,
    read,
    values,
)
from tests.support.eventually import eventually
from tests.support.kafka import KAFKA_MARKS, need_kafka, own_topics
from tests.support.works import all_ended, caught_up, open_works, start, transform, workflow

pytestmark = [*KAFKA_MARKS]

_TOPIC, _LITERAL, _ALLOW, _ANY = 2, 3, 3, 1
_US, _NOBODY = "User:ANONYMOUS", "User:nobody"


class Operation(IntEnum):
    """What may be done with a topic, by Kafka's numbers."""

    READ = 3
    WRITE = 4
    DESCRIBE = 8


class Guarded(EmbeddedKafka):
    """A broker that asks its ACLs; where a topic has none, everybody may do everything."""

    def _write_settings(self) -> None:
        super()._write_settings()
        with (self._home / "server.properties").open("a", encoding="utf-8") as settings:
            settings.write(
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
                "allow.everyone.if.no.acl.found=true\n"
            )


class Acls:
    """Who may do what with the topics of a broker."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def leave(self, topic: str, *operations: Operation) -> None:
        """Allow us nothing but this with ``topic``."""
        await self._add(topic, _NOBODY, Operation.READ)
        for operation in operations:
            await self._add(topic, _US, operation)

    async def _add(self, topic: str, who: str, operation: Operation) -> None:
        given = CreateAclsRequest(_TOPIC, topic, _LITERAL, who, "*", operation, _ALLOW)
        answer = await self._admin._send_request(given)  # noqa: SLF001 - it has no call for ACLs
        assert not answer.to_object()["creation_responses"][0]["error_code"], answer

    async def free(self, topic: str) -> None:
        """Allow everything again."""
        for who in (_US, _NOBODY):
            given = DeleteAclsRequest(_TOPIC, topic, _LITERAL, who, "*", _ANY, _ANY)
            answer = await self._admin._send_request(given)  # noqa: SLF001 - likewise
            assert not answer.to_object()["filter_responses"][0]["error_code"], answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a broker with ACLs."""
    need_kafka(embedded=True)
    folder: Path = tmp_path_factory.mktemp("guarded")
    async with Guarded(folder) as running:
        yield running.bootstrap_servers


@pytest_asyncio.fixture
async def acls(guarded: str) -> AsyncIterator[Acls]:
    """Those of the broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=guarded)
    await admin.start()
    yield Acls(admin)
    await admin.close()


@pytest_asyncio.fixture
async def bus(guarded: str) -> AsyncIterator[Bus]:
    """One connection to the broker."""
    async with open_kafka_bus(kafka_settings(guarded), delivery_s=5) as opened:
        yield opened


async def in_the_end(call: Callable[[], Awaitable[object]], *, is_allowed: bool) -> None:
    """Call until it is allowed, or until it is not."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            said = await message(call)
            if said == "" if is_allowed else "does not allow" in said:
                return
            await asyncio.sleep(0.05)


async def message(call: Callable[[], Awaitable[object]]) -> str:
    """Why something is unavailable; empty when it is not."""
    try:
        await call()
    except Unavailable as error:
        return error.message
    return ""


@pytest.mark.parametrize("left", [(), (Operation.DESCRIBE, Operation.WRITE)])
async def test_a_member_that_may_read_no_more_is_told(
    bus: Bus, acls: Acls, left: tuple[Operation, ...]
) -> None:
    """Its fetch says so, and whoever may read again goes on behind what was committed."""
    topic, group = await new_topic(bus, partitions=1), new_group()
    await bus.publish(numbered(topic, 3))
    async with bus.subscribe([topic], group=group) as subscription:
        found = await read(subscription, 3)
        await subscription.commit(next_positions(found[:2]))
        await acls.leave(topic, *left)
        await in_the_end(lambda: subscription.fetch(max_records=1, wait_s=0.1), is_allowed=False)

    async def joined() -> None:
        async with bus.subscribe([topic], group=group) as subscription:
            while True:
                if values(await read(subscription, 1)) == [b"2"]:
                    return

    await in_the_end(joined, is_allowed=False)
    await acls.free(topic)
    await in_the_end(joined, is_allowed=True)


@pytest.mark.parametrize("left", [(), (Operation.DESCRIBE, Operation.READ)])
async def test_who_may_write_no_more_is_told(
    bus: Bus, acls: Acls, left: tuple[Operation, ...]
) -> None:
    """Nothing is called published that is not there; it goes on as soon as it may."""
    topic = await new_topic(bus, partitions=1)
    await bus.publish(numbered(topic, 2))
    await acls.leave(topic, *left)
    await in_the_end(lambda: bus.publish(numbered(topic, 1)), is_allowed=False)
    await acls.free(topic)
    await in_the_end(lambda: bus.publish(numbered(topic, 4)), is_allowed=True)
    place, found = TopicPartition(topic, 0), list[bytes | None]()
    async with asyncio.timeout(WITHIN_S), bus.tail([topic], {place: 0}) as records:
        while found[2:][-4:] != [b"0", b"1", b"2", b"3"]:
            found.append((await anext(records)).value)
    assert found[:2] == [b"0", b"1"]


@pytest.mark.parametrize("which", ["commands", "step_results"])
async def test_a_role_says_so_and_goes_on(
    database: str, guarded: str, acls: Acls, which: str
) -> None:
    """It is not ready, by its own word and by the metric; later all is done, and told."""
    async with open_works(database, **own_topics(guarded, partitions=1)) as works:
        platform = works.platform
        flow = await works.register(workflow(transform("sum", "1 + 1")))

        def is_ready() -> bool:
            ready = platform.registry.get_sample_value("turnout_role_ready", {"role": "executor"})
            assert (ready == 1) == (platform.health.roles["executor"] is Condition.READY)
            return ready == 1

        await start(works, flow)
        await all_ended(platform.pool, 1)
        await caught_up(works)
        topic: str = getattr(platform.topics, which)
        left = Operation.WRITE if which == "commands" else Operation.READ
        await acls.leave(topic, left, Operation.DESCRIBE)
        await start(works, flow, 3)
        await eventually(lambda: not is_ready(), within_s=WITHIN_S)
        await acls.free(topic)
        await all_ended(platform.pool, 4, within_s=2 * WITHIN_S)
        await caught_up(works)
        place = TopicPartition(platform.topics.step_results, 0)
        told: set[str] = set()
        async with (
            asyncio.timeout(WITHIN_S),
            platform.bus.tail([place.topic], {place: 0}) as records,
        ):
            while len(told) < 4:  # some may be told again, as the role has started anew
                told.add(orjson.loads((await anext(records)).value or b"")["subject"])
