"""What all jobs share: so many clients, each does the job again and again, and what they counted.

Nothing but the standard library: it runs in every peer's own environment. A job is started with
its ``Given`` as JSON, and writes three lines of JSON: when the measured seconds begin, when they
end, and at its end.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

STEPS = 3


@dataclass(frozen=True)
class Given:
    """What a job is told. ``address``: of the peer's server; ``dsn``: of Postgres."""

    peer: str
    concurrency: int
    warm_up_s: float
    seconds: float
    dsn: str
    address: str = ""


def given() -> Given:
    """What this job was told."""
    return Given(**json.loads(sys.argv[1]))


async def measure(
    told: Given, one: Callable[[], Awaitable[object]], stored: Callable[[], Awaitable[int]]
) -> None:
    """Run ``one`` in a closed loop. ``stored``: how many the peer says it completed, all steps."""
    ended = 0
    goes_on = True

    async def client() -> None:
        nonlocal ended
        while goes_on:
            await one()
            ended += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(told.concurrency):
            group.create_task(client())
        await asyncio.sleep(told.warm_up_s)
        _say(ended=ended)
        await asyncio.sleep(told.seconds)
        _say(ended=ended)
        goes_on = False
    _say(ended=ended, stored=await stored())


def _say(**counted: float) -> None:
    sys.stdout.write(json.dumps({"at_s": time.monotonic(), **counted}) + "\n")
    sys.stdout.flush()
