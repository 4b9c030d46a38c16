"""One loaded process: the executor, or the bare loop, as hard as it can.

Answers each line on standard input with its counters so far, as one line of JSON; at the end of
standard input it lets what is under way end, and says them for the last time.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import uvloop
from prometheus_client import CollectorRegistry

from services.executor.app import executor
from services.executor.settings import ExecutorSettings
from shared.assembly.platform import Platform
from shared.db.pool import Pool, open_pool
from shared.domain.ids import EnvironmentId
from shared.runtime.clock import SystemClock
from shared.runtime.environment_names import EnvironmentNames
from shared.runtime.health import Health
from shared.runtime.process import tune_garbage_collection
from shared.runtime.roles import keep
from shared.runtime.telemetry import configure_logging
from tests.benchmarks.commit_floor import CommitFloor
from tests.benchmarks.memory_bus import MemoryBus
from tests.benchmarks.three_steps import STEPS, starter


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a process does, see ``durable``; ``width`` executions are under way at once."""

    side: str
    workflow: str
    partitions: Sequence[int]
    width: int


Counted = Callable[[], tuple[int, int]]
"""Executions and steps that have ended, and whose end was published."""


def main(load: Load) -> None:
    """Run until standard input ends."""
    given: dict[str, Any] = {}
    settings = ExecutorSettings(**given)
    configure_logging(settings.log)
    tune_garbage_collection()
    uvloop.run(_play(load, settings))


async def _play(load: Load, settings: ExecutorSettings) -> None:
    async with open_pool(settings.postgres) as pool:
        if load.side == "turnout":
            await _play_executor(load, settings, pool)
        else:
            await _play_floor(load, pool)


async def _play_floor(load: Load, pool: Pool) -> None:
    floor = CommitFloor(
        pool,
        partitions=load.partitions,
        width=load.width,
        workflow=UUID(load.workflow),
        at_once=load.side == "floor_at_once",
    )
    counted: Counted = lambda: (floor.ended, floor.ended * len(STEPS))  # noqa: E731
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(floor.run(stop))
        await _answer(counted)
        stop.set()
        await running
    _say(counted)


async def _play_executor(load: Load, settings: ExecutorSettings, pool: Pool) -> None:
    bus = MemoryBus(
        settings.topics,
        partitions=load.partitions,
        width=load.width,
        start=starter(UUID(load.workflow)),
    )
    platform = Platform(
        pool=pool,
        bus=bus,
        trim=_nothing_to_trim,
        topics=settings.topics,
        clock=SystemClock(),
        registry=CollectorRegistry(),
        health=Health(),
        member=settings.member,
        default_environment=EnvironmentId(settings.default_environment),
        environment_names=EnvironmentNames(),
    )
    stop = asyncio.Event()
    role = executor(platform, settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(keep("executor", role, platform.health, stop=stop))
        await _answer(lambda: (bus.ended, bus.steps))
        await bus.finish()
        stop.set()
    _say(lambda: (bus.ended, bus.steps))


async def _nothing_to_trim(_: object) -> int:
    return 0


async def _answer(counted: Counted) -> None:
    """Until standard input ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        _say(counted)


def _say(counted: Counted) -> None:
    executions, steps = counted()
    said: Mapping[str, float] = {
        "at_s": time.monotonic(),
        "executions": executions,
        "steps": steps,
    }
    sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(Load(**orjson.loads(sys.argv[1])))
