"""What a role cannot pass on it does not pass over: the record stays unread, and is read again."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import orjson
import pytest
from prometheus_client import CollectorRegistry

from services.executor.app import executor
from services.executor.settings import ExecutorSettings
from services.matcher import matcher as matching_role
from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from services.webhooks import take_records
from services.webhooks.app import webhooks
from services.webhooks.settings import WebhooksSettings
from shared.assembly.platform import Platform, open_platform
from shared.bus.protocol import Bus, Record
from shared.domain.errors import Unavailable
from shared.runtime import budgets
from shared.runtime.roles import Role, duty
from shared.wire.envelope import HEADERS
from shared.wire.events import encode_event
from shared.wire.topics import Topics
from tests.integration.webhooks.stage import phase, publish, subscribe
from tests.support.awaiting import decided, paid, wait, waiting
from tests.support.house import House, count, open_house, settings_of
from tests.support.rings import written
from tests.support.works import NOTE, until, workflow

READ = """
    SELECT coalesce(max(position), 0) FROM bus_positions JOIN bus_topics USING (topic_id)
    WHERE group_name = $1 AND name = $2
"""
CONSUMED = "SELECT sum(consumed_offset)::int FROM partition_owners"
THERE = "SELECT count(*) > 0 FROM bus_records JOIN bus_topics USING (topic_id) WHERE name = '{}'"

GARBAGE = b"{"
DONE_TASK = orjson.dumps(
    {
        "type": "turnout.task-result",
        "data": {"task_id": f"{UUID(int=1)}:step:1", "status": "completed"},
    }
)


class Refusing:
    """A bus that takes nothing for one topic."""

    def __init__(self, bus: Bus, topic: str) -> None:
        self._bus = bus
        self._topic = topic

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    async def publish(self, records: Sequence[Record]) -> None:
        """Publish. Raises Unavailable for the topic."""
        if any(record.topic == self._topic for record in records):
            raise Unavailable(f"{self._topic} is refused")
        await self._bus.publish(records)


def ingesting(platform: Platform, given: dict[str, Any]) -> Role:
    """The role that reads the source topics."""
    return trigger_ingest(platform, IngestSettings(**given))


def matching(platform: Platform, given: dict[str, Any]) -> Role:
    """The role that reads ``triggers``."""
    return matcher(platform, MatcherSettings(**given))


def executing(platform: Platform, given: dict[str, Any]) -> Role:
    """The role that reads ``commands``, and what workers answer."""
    return executor(platform, ExecutorSettings(**given))


def telling(platform: Platform, given: dict[str, Any]) -> Role:
    """The role that reads the results."""
    return webhooks(platform, WebhooksSettings(**given))


@pytest.mark.parametrize(
    ("make", "group", "read", "passed_on", "value"),
    [
        (ingesting, "trigger-ingest", "sources", "triggers", None),
        (ingesting, "trigger-ingest", "sources", "dead_letters", GARBAGE),
        (matching, "matcher", "triggers", "commands", None),
        (matching, "matcher", "triggers", "dead_letters", GARBAGE),
        (executing, "task-results", "task_results", "commands", DONE_TASK),
        (executing, "task-results", "task_results", "dead_letters", GARBAGE),
        (telling, "webhooks", "step_results", "dead_letters", GARBAGE),
    ],
)
async def test_what_cannot_be_passed_on_is_read_again(
    database: str,
    make: Callable[[Platform, dict[str, Any]], Role],
    group: str,
    read: str,
    passed_on: str,
    value: bytes | None,
) -> None:
    """The role ends, nothing counts as read; once the topic takes it, it is there.

    ``value`` is the record; without one it comes of an event.
    """
    given = settings_of(database, keyring=written("k1"))
    async with open_platform(IngestSettings(**given)) as platform:
        source, target = topic_of(platform.topics, read), topic_of(platform.topics, passed_on)
        await subscribe(platform.pool, "http://127.0.0.1:1/")
        house = House(platform)
        await house.register({**workflow(NOTE), "triggers": [{"event_name": "go"}]})
        if value is not None:
            await platform.bus.publish([Record(topic=source, key=None, value=value)])
        else:
            await house.send("go", {})
        if (make, value) == (matching, None):
            await carried(platform, ingesting(platform, given), source)

        await refused(make(refusing(platform, target), given))
        assert await platform.pool.fetchval(READ, platform.topics.group(group), source) == 0
        await carried(platform, make(platform, given), target)


async def test_a_start_amid_many_counts_as_much_as_the_last(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a batch starts is published in parts: none of them is taken for granted."""
    monkeypatch.setattr(matching_role, "COMMANDS_AT_ONCE", 1)
    given = settings_of(database)
    async with open_platform(IngestSettings(**given)) as platform:
        topics = platform.topics
        await triggered(platform, given)
        await refused(matching(refusing(platform, topics.commands), given))
        assert await platform.pool.fetchval(READ, topics.group("matcher"), topics.triggers) == 0


async def test_an_event_is_read_again_until_who_waits_for_it_is_told(database: str) -> None:
    """It starts nothing; only a step that waits has to hear of it."""
    given = settings_of(database, partitions=1, member="one")
    async with open_house(database, partitions=1, member="one") as house:
        await house.register(workflow(wait()))
        await house.send("go", {})
        await waiting(house)
        await decided(house, 1)
    async with open_platform(IngestSettings(**given)) as platform:
        topics, value = platform.topics, encode_event(paid({}, datetime.now(UTC)))
        await platform.bus.publish([Record(topics.triggers, b"k", value, HEADERS)])
        await refused(matching(refusing(platform, topics.commands), given))
        assert await platform.pool.fetchval(READ, topics.group("matcher"), topics.triggers) == 1


async def test_an_event_is_read_again_until_it_is_put_off(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for which there is no time left is durable elsewhere before it counts as read."""
    monkeypatch.setattr(budgets, "AT_ONCE_S", 0.0)
    monkeypatch.setattr(matching_role, "put_late", refuse)
    given = settings_of(database)
    async with open_platform(IngestSettings(**given)) as platform:
        topics = platform.topics
        await triggered(platform, given)
        await refused(matching(platform, given))
        assert await platform.pool.fetchval(READ, topics.group("matcher"), topics.triggers) == 0


async def test_what_is_put_off_stays_until_it_is_passed_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes it up later forgets it no sooner."""
    monkeypatch.setattr(budgets, "AT_ONCE_S", 0.0)
    given = settings_of(database)
    async with open_platform(IngestSettings(**given)) as platform:
        topics = platform.topics
        await triggered(platform, given)
        await refused(matching(refusing(platform, topics.commands), given))
        assert await count(platform.pool, "late_events") == 1
        await carried(platform, matching(platform, given), topics.commands)


async def test_a_command_is_read_again_until_it_is_buried(database: str) -> None:
    """One that cannot be read takes nobody's place before everybody can see it."""
    given = settings_of(database)
    async with open_platform(IngestSettings(**given)) as platform:
        topics = platform.topics
        await platform.bus.publish([Record(topics.commands, None, GARBAGE)])
        await refused(executing(refusing(platform, topics.dead_letters), given))
        assert await platform.pool.fetchval(CONSUMED) == 0
        await carried(platform, executing(platform, given), topics.dead_letters)


@pytest.mark.parametrize("at_once", [1, 100])
async def test_what_cannot_be_kept_for_subscribers_is_read_again(
    database: str, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """A result that somebody is to be told of is unread until that is durable."""
    monkeypatch.setattr(take_records, "AT_ONCE", at_once)
    given = settings_of(database, keyring=written("k1"))
    async with open_platform(WebhooksSettings(**given)) as platform:
        topics = platform.topics
        await subscribe(platform.pool, "http://127.0.0.1:1/")
        await publish(House(platform), phase())
        monkeypatch.setattr(take_records, "add_deliveries", refuse)
        await refused(telling(platform, given))
        group = topics.group("webhooks")
        assert await platform.pool.fetchval(READ, group, topics.executions) == 0


async def refuse(*_: Any) -> None:
    """Raises Unavailable."""
    raise Unavailable("what is to be kept is refused")


def refusing(platform: Platform, topic: str) -> Platform:
    """The platform, for a role that is to publish nothing to a topic."""
    bus = cast("Bus", Refusing(platform.bus, topic))
    return replace(platform, bus=bus, registry=CollectorRegistry())


async def refused(role: Role) -> None:
    """Run a role until it ends because of what was refused."""
    async with asyncio.timeout(60):
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as alone:
                alone.create_task(duty(role(asyncio.Event())))
    assert caught.group_contains(Unavailable, match="is refused")


def topic_of(topics: Topics, name: str) -> str:
    """The topic's own name."""
    return topics.sources[0] if name == "sources" else getattr(topics, name)


async def triggered(platform: Platform, given: dict[str, Any]) -> None:
    """Have an event lie before the matcher that starts a workflow."""
    house = House(platform)
    await house.register(workflow(NOTE))
    await house.send("go", {})
    await carried(platform, ingesting(platform, given), platform.topics.triggers)


async def carried(platform: Platform, role: Role, topic: str) -> None:
    """Run a role until something is in a topic."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(duty(role(stop)))
        await until(platform.pool, THERE.format(topic))
        stop.set()
