"""One process that floods a topic until standard input ends: nobody who measures is to do it.

Answers each line on standard input, and its end, with one of JSON: how many events are durable, and
when that was.
"""

import asyncio
import sys
import time
from math import inf
from typing import Any

import orjson
import uvloop

from shared.assembly.platform import open_platform
from shared.assembly.settings import ProcessSettings
from shared.runtime.process import tune_garbage_collection
from shared.runtime.telemetry import configure_logging
from tests.benchmarks.flood import Flood


def main(per_s: float, given: dict[str, Any]) -> None:
    """Publish at a rate; ``given`` is what ``Flood`` takes beside a bus."""
    unset: dict[str, Any] = {}
    settings = ProcessSettings(**unset)
    configure_logging(settings.log)
    tune_garbage_collection()
    uvloop.run(_pour(per_s, given, settings))


async def _pour(per_s: float, given: dict[str, Any], settings: ProcessSettings) -> None:
    reader, loop = asyncio.StreamReader(), asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with open_platform(settings) as platform, asyncio.TaskGroup() as group:
        flood = Flood(bus=platform.bus, **given)
        pouring = group.create_task(flood.pour(per_s, inf))
        while await reader.readline():
            _say(flood)
        pouring.cancel()
    _say(flood)


def _say(flood: Flood) -> None:
    said = {"sent": flood.sent, "at_s": time.monotonic()}
    sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(**orjson.loads(sys.argv[1]))
