"""Executions that sleep: how fast they are put away, what they hold meanwhile, how they wake."""

import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any, Final

from shared.domain.errors import Unavailable
from shared.wire.envelope import stamp
from tests.benchmarks.crowd import EXECUTOR, Crowd, open_crowd
from tests.benchmarks.ground import PARTITIONS, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.processes import Running, memory_of
from tests.benchmarks.rounds import used

SLEEP_S: Final = 30 * 86_400
GROWTH_BYTES_MAX: Final = 50 * 2**20
RESUMED_WITHIN_S: Final = 5.0

_DISK_BYTES_EACH: Final = 16_384
_DISK_BYTES_BESIDE: Final = 4 * 2**30
_WARM_UP: Final = 500
_PARTS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many executions sleep for long, wake in one instant, and do not sleep at all.

    Those that wake are started ``due_in_s`` before that instant.
    """

    count: int
    due: int
    awake: int
    due_in_s: float


FULL: Final = Extent(count=1_000_000, due=10_000, awake=20_000, due_in_s=60)
QUICK: Final = Extent(count=500, due=200, awake=200, due_in_s=5)


async def measure_parked(extent: Extent, *, with_kafka: bool, tell: Tell) -> Mapping[str, Any]:
    """Measure one executor; gives JSON as docs/benchmarks/parked.md explains it.

    Raises Unavailable when the disk has too little room.
    """
    _need_disk(extent)
    async with (
        observed(tell) as machine,
        open_ground(with_kafka=with_kafka) as ground,
        open_place(ground) as place,
    ):
        crowd = await open_crowd(place)
        async with crowd.executor() as (watched, _):  # the first start of all reads cold files
            await crowd.start(_WARM_UP, None, watched, _unheeded)
        async with crowd.executor() as (watched, over_none_s):
            awake_s = await crowd.start(extent.awake, None, watched, _unheeded)
            tell(f"without a sleep: {extent.awake / awake_s:,.0f} executions/s")
            parking = await _park(crowd, watched, extent, tell)
            due = await _resume(crowd, watched, extent)
            tell(f"{extent.due:,} due at once had completed after {due['all_completed_s']:.2f} s")
        await place.flush()
        parked = await place.parked()
        async with crowd.executor() as (watched, over_parked_s), _memory(watched) as seen:
            tell(f"started over {parked:,} parked executions in {over_parked_s:.2f} s")
    per_s, awake_per_s = extent.count / parking["took_s"], extent.awake / awake_s
    return {
        "benchmark": "parked",
        "machine": machine,
        "extent": _extent(extent, with_kafka=with_kafka),
        "parked": parked,
        "parked_per_s": per_s,
        "of_awake": per_s / awake_per_s,
        "awake_per_s": awake_per_s,
        "parking": parking,
        "due": {"of_awake": extent.due / due["all_completed_s"] / awake_per_s, **due},
        "restart": {
            "over_none_s": over_none_s,
            "over_parked_s": over_parked_s,
            "resident_bytes": seen[-1],
        },
        "marks": _marks(parking, due),
    }


def _extent(extent: Extent, *, with_kafka: bool) -> Mapping[str, Any]:
    bus = "kafka" if with_kafka else "local"
    return {**asdict(extent), "bus": bus, "partitions": PARTITIONS, "sleep_s": SLEEP_S}


def _marks(parking: Mapping[str, Any], due: Mapping[str, Any]) -> Mapping[str, bool]:
    return {
        "memory_is_flat": parking["resident_bytes"]["growth"] <= GROWTH_BYTES_MAX,
        "resumed_in_time": due["resumed_s"]["max"] <= RESUMED_WITHIN_S,
        "completed_in_time": due["all_completed_s"] <= RESUMED_WITHIN_S,
    }


def _need_disk(extent: Extent) -> None:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    need = _DISK_BYTES_BESIDE + (extent.count + extent.due + extent.awake) * _DISK_BYTES_EACH
    if free < need:
        raise Unavailable(
            f"{folder} has {free / 2**30:.1f} GiB free and this takes up to {need / 2**30:.1f}:"
            " make room, set TMPDIR to a folder that has it, or ask for fewer with --count."
        )


async def _park(crowd: Crowd, watched: Running, extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Start executions that sleep for long, and see what they take."""
    place = crowd.place
    counted, sizes, cpu = await place.counters(), await place.sizes(), used(place.ground, watched)
    async with _memory(watched) as seen:
        progress = _Progress(extent.count, seen, tell)
        took_s = await crowd.start(extent.count, {"duration_s": SLEEP_S}, watched, progress.heed)
    cpu_after, sizes_after = used(place.ground, watched), await place.sizes()
    wal_bytes = (await place.counters()).wal_bytes - counted.wal_bytes
    return {
        "took_s": took_s,
        "per_s": progress.rates,
        "cpu_s_per_1000": {n: 1000 * (cpu_after[n] - cpu[n]) / extent.count for n in cpu},
        "wal_bytes_each": wal_bytes / extent.count,
        "table_bytes_each": {n: (sizes_after[n] - sizes[n]) / extent.count for n in sizes},
        "resident_bytes": {
            "before": seen[0],
            "peak": max(seen),
            "after": seen[-1],
            "growth": max(seen) - seen[0],
            "each_part": progress.resident_bytes,
        },
    }


class _Progress:
    """Tells of every part of the way, and keeps its rate and the executor's memory then."""

    def __init__(self, count: int, seen: Sequence[int], tell: Tell) -> None:
        self._count = count
        self._seen = seen
        self._tell = tell
        self._last = (0, time.perf_counter())
        self.rates: list[float] = []
        self.resident_bytes: list[int] = []

    def heed(self, done: int) -> None:
        """``done`` of them were taken in."""
        last, at = self._last
        if done - last < self._count / _PARTS:
            return
        now = time.perf_counter()
        self._last = done, now
        self.rates.append((done - last) / (now - at))
        self.resident_bytes.append(self._seen[-1])
        self._tell(
            f"{done:,} of {self._count:,} parked, {self.rates[-1]:,.0f}/s,"
            f" executor {self._seen[-1] / 2**20:,.0f} MiB"
        )


async def _resume(crowd: Crowd, watched: Running, extent: Extent) -> Mapping[str, Any]:
    """Start executions that sleep until one instant, and see how late they go on."""
    due_at = (datetime.now(UTC) + timedelta(seconds=extent.due_in_s)).replace(microsecond=0)
    async with _memory(watched) as seen:
        await crowd.start(extent.due, {"until": stamp(due_at)}, watched, _unheeded)
        if datetime.now(UTC) >= due_at:
            raise RuntimeError(f"{extent.due} executions were not parked in {extent.due_in_s} s")
        cpu = used(crowd.place.ground, watched)
        all_completed_s = await crowd.ended(due_at, watched)
        cpu_after = used(crowd.place.ground, watched)
    resumed = await crowd.place.resumed(extent.due + 1)
    if len(resumed) != extent.due:
        raise RuntimeError(f"{len(resumed)} executions woke and completed, not {extent.due}")
    return {
        "resumed_s": _spread([(woke_at - due_at).total_seconds() for woke_at, _ in resumed]),
        "completed_s": _spread([(ended_at - due_at).total_seconds() for _, ended_at in resumed]),
        "all_completed_s": all_completed_s,
        "cpu_s_per_1000": {n: 1000 * (cpu_after[n] - cpu[n]) / extent.due for n in cpu},
        "resident_bytes": {"before": seen[0], "peak": max(seen), "after": seen[-1]},
    }


def _memory(watched: Running) -> AbstractAsyncContextManager[list[int]]:
    return memory_of(watched.processes[EXECUTOR].pid)


def _spread(seconds: Sequence[float]) -> Mapping[str, float]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {"p50": cuts[49], "p99": cuts[98], "max": max(seconds)}


def _unheeded(_: int) -> None:
    pass
