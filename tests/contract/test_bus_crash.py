"""What both buses promise when a member's process dies or freezes."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from shared.bus.protocol import Bus, Subscription, TopicPartition
from tests.support.bus import (
    SESSION_TIMEOUT_S,
    BusAddress,
    Diary,
    all_assigned,
    new_group,
    next_positions,
    numbered,
    quiet,
    read,
    values,
)
from tests.support.eventually import eventually


@pytest.fixture
def session_timeout_s() -> float:
    """Who is dead or frozen is missed soon."""
    return SESSION_TIMEOUT_S


class Member:
    """A member in another process, and what it printed so far."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.handled: list[str] = []

    def signal(self, number: signal.Signals) -> None:
        """Do to it what a machine may do."""
        os.kill(self.pid, number)


@asynccontextmanager
async def member(address: BusAddress, *arguments: str) -> AsyncIterator[Member]:
    """Run ``tests/support/bus_member.py``; kill it at the end."""
    command: Sequence[str] = (sys.executable, "-m", "tests.support.bus_member", *address)
    process = await asyncio.create_subprocess_exec(
        *command, *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, running = process.stdout, Member(process.pid)
    assert output is not None

    async def listen() -> None:
        while line := await output.readline():
            running.handled.append(line.decode().strip())

    try:
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            try:
                yield running
            finally:
                listening.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_killed_between_handling_and_commit(
    bus: Bus, bus_address: BusAddress, topic: str
) -> None:
    """What a member handled but had not committed when it was killed, another member gets."""
    group = new_group()
    await bus.publish(numbered(topic, 6))
    async with member(bus_address, topic, group, "never") as other:
        await eventually(lambda: len(other.handled) >= 3)
        other.signal(signal.SIGKILL)
        async with bus.subscribe([topic], group=group) as subscription:
            found = await read(subscription, 6)
    assert values(found) == [b"0", b"1", b"2", b"3", b"4", b"5"]


async def test_frozen_member_cannot_commit(bus: Bus, bus_address: BusAddress, topic: str) -> None:
    """A member frozen past the session timeout loses its partitions; thawed, it commits nothing."""
    group = new_group()
    await bus.publish(numbered(topic, 500))  # more than it handles until it is frozen
    async with member(bus_address, topic, group, "commits") as other:
        await eventually(lambda: len(other.handled) >= 3)
        other.signal(signal.SIGSTOP)
        async with bus.subscribe([topic], group=group) as subscription:
            found = await read(subscription, 500 - len(other.handled))
            assert found[-1].value == b"499"
            await subscription.commit(next_positions(found))
            other.signal(signal.SIGCONT)
            await eventually(lambda: 0 < len(subscription.assignment()) < 4)  # it is back
            await quiet(subscription, for_s=0.5)
    async with bus.subscribe([topic], group=group) as subscription:
        await all_assigned(subscription, 4)
        assert sum((await subscription.lag()).values()) == 0


async def test_who_takes_over_for_longer_than_a_session_keeps_it(bus: Bus, topic: str) -> None:
    """It tells that it lives all the while: nobody else is given what it is taking over."""
    group, release = new_group(), asyncio.Event()
    taken, joined = list[Sequence[TopicPartition]](), list[Subscription]()

    class Slow(Diary):
        async def assigned(
            self, partitions: Sequence[TopicPartition]
        ) -> Mapping[TopicPartition, int]:
            taken.append(partitions)
            await release.wait()
            return await super().assigned(partitions)

    async def join() -> None:
        async with bus.subscribe([topic], group=group, assignee=Slow()) as subscription:
            await all_assigned(subscription, 2)
            joined.append(subscription)
            await eventually(lambda: len(joined) == 2)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(join())
        await eventually(lambda: bool(taken))
        tasks.create_task(join())
        began_s = time.monotonic()
        await eventually(lambda: time.monotonic() > began_s + 3 * SESSION_TIMEOUT_S)
        assert len(taken) == 1
        release.set()
    assert len(taken) <= 3, "the first alone, then both, or only who is new"
