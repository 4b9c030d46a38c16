"""What a role cannot pass on it does not pass over: the record stays unread, and is read again."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

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
from shared.runtime.roles import Role, duty
from shared.wire.topics import Topics
from tests.integration.webhooks.stage import phase, publish, subscribe
from tests.support.house import House, settings_of
from tests.support.rings import written
from tests.support.works import NOTE, until, workflow

READ = """
    SELECT coalesce(max(position), 0) FROM bus_positions JOIN bus_topics USING (topic_id)
    WHERE group_name = $1 AND name = $2
"""
THERE = "SELECT count(*) > 0 FROM bus_records JOIN bus_topics USING (topic_id) WHERE name = '{}'"


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


def telling(platform: Platform, given: dict[str, Any]) -> Role:
    """The role that reads the results."""
    return webhooks(platform, WebhooksSettings(**given))


@pytest.mark.parametrize(
    ("make", "group", "read", "passed_on", "is_garbage"),
    [
        (ingesting, "trigger-ingest", "sources", "triggers", False),
        (ingesting, "trigger-ingest", "sources", "dead_letters", True),
        (matching, "matcher", "triggers", "commands", False),
        (matching, "matcher", "triggers", "dead_letters", True),
        (telling, "webhooks", "step_results", "dead_letters", True),
    ],
)
async def test_what_cannot_be_passed_on_is_read_again(
    database: str,
    make: Callable[[Platform, dict[str, Any]], Role],
    group: str,
    read: str,
    passed_on: str,
    *,
    is_garbage: bool,
) -> None:
    """The role ends, nothing counts as read; once the topic takes it, it is there."""
    given = settings_of(database, keyring=written("k1"))
    async with open_platform(IngestSettings(**given)) as platform:
        source, target = topic_of(platform.topics, read), topic_of(platform.topics, passed_on)
        await subscribe(platform.pool, "http://127.0.0.1:1/")
        house = House(platform)
        await house.register({**workflow(NOTE), "triggers": [{"event_name": "go"}]})
        if is_garbage:
            await platform.bus.publish([Record(topic=source, key=None, value=b"{")])
        else:
            await house.send("go", {})
        if (make, is_garbage) == (matching, False):
            await carried(platform, ingesting(platform, given), source)

        bus = cast("Bus", Refusing(platform.bus, target))
        refusing = replace(platform, bus=bus, registry=CollectorRegistry())
        await refused(make(refusing, given))
        assert await platform.pool.fetchval(READ, platform.topics.group(group), source) == 0
        await carried(platform, make(platform, given), target)


async def test_what_cannot_be_kept_for_subscribers_is_read_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result that somebody is to be told of is unread until that is durable."""

    async def refuse(*_: Any) -> None:
        raise Unavailable("the delivery is refused")

    given = settings_of(database, keyring=written("k1"))
    async with open_platform(WebhooksSettings(**given)) as platform:
        topics = platform.topics
        await subscribe(platform.pool, "http://127.0.0.1:1/")
        await publish(House(platform), phase())
        monkeypatch.setattr(take_records, "add_deliveries", refuse)
        await refused(telling(platform, given))
        group = topics.group("webhooks")
        assert await platform.pool.fetchval(READ, group, topics.executions) == 0


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


async def carried(platform: Platform, role: Role, topic: str) -> None:
    """Run a role until something is in a topic."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(duty(role(stop)))
        await until(platform.pool, THERE.format(topic))
        stop.set()
