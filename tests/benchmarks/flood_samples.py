"""What is seen of the roles while they are flooded: once a second, and of their event loops."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.benchmarks.child import LATE
from tests.benchmarks.flood import lags
from tests.benchmarks.ground import Place
from tests.benchmarks.http_load import Caller, open_callers, request
from tests.benchmarks.machine import Tell
from tests.benchmarks.processes import Running, resident_bytes

SETTLED_S: Final = 10.0
_LOOK_S: Final = 1.0
_TICKED_WITHIN_S: Final = 60.0
_ASKED: Final = request("GET", "/v1/executions?limit=20")

Told = Mapping[str, Mapping[str, float]]
"""The counters of each process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look: seconds since the flood began, records not finished and memory, by role.

    ``api_ms`` is how long the api took to list executions; None: it did not answer 200.
    """

    at_s: float
    lag: Mapping[str, int]
    resident_bytes: Mapping[str, int]
    api_ms: float | None


@asynccontextmanager
async def watching(
    place: Place, watched: Running, api_port: int, tell: Tell
) -> AsyncIterator[list[Sample]]:
    """A sample a second, from now until the end."""
    began = time.monotonic()
    async with open_callers(api_port, 1) as [api]:
        samples = [await _look(place, watched, api, began)]

        async def look() -> None:
            while True:
                await asyncio.sleep(_LOOK_S)
                samples.append(await _look(place, watched, api, began))
                if len(samples) % 10 == 0:
                    tell(_told(samples[-1]))

        async with asyncio.TaskGroup() as group:
            looking = group.create_task(look())
            yield samples
            looking.cancel()
    async with open_callers(api_port, 1) as [api]:  # the other may have been left amid an answer
        samples.append(await _look(place, watched, api, began))


async def _look(place: Place, watched: Running, api: Caller, began: float) -> Sample:
    at_s = time.monotonic() - began
    resident = {name: resident_bytes(p.pid) for name, p in watched.processes.items()}
    return Sample(
        at_s=at_s, lag=await lags(place), resident_bytes=resident, api_ms=await _answered_ms(api)
    )


async def _answered_ms(api: Caller) -> float | None:
    began = time.perf_counter()
    answer = await api.call(_ASKED)
    took_ms = 1000 * (time.perf_counter() - began)
    return took_ms if answer.startswith(b"200") else None


def _told(sample: Sample) -> str:
    lag = ", ".join(f"{role} {records:,}" for role, records in sample.lag.items())
    mib = ", ".join(f"{n} {size / 2**20:,.0f}" for n, size in sample.resident_bytes.items())
    return f"{sample.at_s:.0f} s: behind by {lag}; MiB: {mib}"


def memory(samples: Sequence[Sample]) -> Mapping[str, Mapping[str, int]]:
    """By process: when the flood had lasted for ten seconds (or at the end), and from then on."""
    later = [s.resident_bytes for s in samples if s.at_s >= SETTLED_S] or [
        samples[-1].resident_bytes
    ]
    return {
        name: {
            "settled": at_first,
            "max": (most := max(seen[name] for seen in later)),
            "growth": most - at_first,
        }
        for name, at_first in later[0].items()
    }


async def event_loops(watched: Running, before: Told) -> Mapping[str, Mapping[str, Any]]:
    """By process, how late its event loop came since ``before`` to what was due.

    Waits until each has come once, 60 s at most.
    """
    async with asyncio.timeout(_TICKED_WITHIN_S):
        while True:
            now = await watched.ask()
            if all(now[name][_COUNT] > before[name][_COUNT] for name in now):
                return {name: _late(before[name], told) for name, told in now.items()}
            await asyncio.sleep(_LOOK_S)


_COUNT: Final = f"{LATE}_count"
_SUM: Final = f"{LATE}_sum"
_WITHIN: Final = f"{LATE}_bucket:"


def _late(before: Mapping[str, float], after: Mapping[str, float]) -> Mapping[str, Any]:
    """How often it was looked at, the mean, and the bound that 99 of 100 looks kept.

    None: that is beyond the last bound.
    """
    looks = after[_COUNT] - before[_COUNT]
    within = {
        float(name.removeprefix(_WITHIN)): value - before[name]
        for name, value in after.items()
        if name.startswith(_WITHIN) and not name.endswith("+Inf")
    }
    return {
        "looks": looks,
        "mean_s": (after[_SUM] - before[_SUM]) / looks,
        "p99_s_at_most": next((s for s, kept in within.items() if kept >= 0.99 * looks), None),
    }
