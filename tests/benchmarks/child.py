"""One measured process: plays roles, or is a floor, until standard input ends.

Answers each line on standard input, and its end, with its counters as one of JSON.
"""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any, Final

import orjson
import uvloop
from prometheus_client import CollectorRegistry

from services.cli.process.roles import read_roles
from shared.assembly.platform import open_platform
from shared.assembly.settings import ProcessSettings
from shared.runtime.process import tune_garbage_collection
from shared.runtime.roles import run_roles
from shared.runtime.telemetry import configure_logging
from tests.benchmarks.api_floor import API_FLOOR, serve_floor
from tests.benchmarks.floor import run_floor

FLOOR: Final = "floor"
LATE: Final = "turnout_event_loop_lag_seconds"
_LATE_WITHIN: Final = f"{LATE}_bucket"


def main(names: list[str]) -> None:
    """Run until standard input ends."""
    given: dict[str, Any] = {}
    settings = ProcessSettings(**given)
    configure_logging(settings.log)
    tune_garbage_collection()
    _say(uvloop.run(_play(names, settings)))


async def _play(names: list[str], settings: ProcessSettings) -> Mapping[str, float]:
    stop = asyncio.Event()
    async with open_platform(settings) as platform, asyncio.TaskGroup() as group:
        group.create_task(_answer(platform.registry, stop))
        if names[0] == API_FLOOR:
            await serve_floor(platform, names[1], int(names[2]), stop)
            return {}
        if names[0] == FLOOR:
            commits = await run_floor(platform, settings, int(names[1]), stop)
            return {"turnout_bench_commits": commits}
        roles = {name: make(platform) for name, make in read_roles(names, {}).items()}
        await run_roles(roles, platform.health, stop=stop, stop_within_s=settings.stop_within_s)
        return _counters(platform.registry)


async def _answer(registry: CollectorRegistry, stop: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        _say(_counters(registry))
    stop.set()


def _counters(registry: CollectorRegistry) -> Mapping[str, float]:
    """Those without labels, and by its bound (``…_bucket:0.5``) how late the event loop was."""
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    late = {f"{s.name}:{s.labels['le']}": s.value for s in samples if s.name == _LATE_WITHIN}
    plain = {s.name: s.value for s in samples if not s.labels and not s.name.endswith("_created")}
    return plain | late


def _say(told: Mapping[str, float]) -> None:
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
