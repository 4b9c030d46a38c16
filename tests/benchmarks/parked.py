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
from tests.benchmarks.costs import cost_of, medians, quotient, read_costs
from tests.benchmarks.crowd import EXECUTOR, Crowd, open_crowd
from tests.benchmarks.ground import PARTITIONS, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.processes import Running, memory_of

SLEEP_S: Final = 30 * 86_400
GROWTH_BYTES_MAX: Final = 50 * 2**20
RESUMED_WITHIN_S: Final = 5.0

_DISK_BYTES_EACH: Final = 16_384
_DISK_BYTES_BESIDE: Final = 4 * 2**30
_WARM_UP: Final = 500
_PARTS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many executions sleep for long, in so many rounds together.

    In each round so many wake in one instant, and do not sleep at all. Those that wake are started
    ``due_in_s`` before that instant.
    """

    rounds: int
    count: int
    due: int
    awake: int
    due_in_s: float


FULL: Final = Extent(rounds=3, count=1_000_000, due=10_000, awake=20_000, due_in_s=30)
QUICK: Final = Extent(rounds=2, count=500, due=200, awake=200, due_in_s=5)

Round = Mapping[str, Any]


async def measure_parked(extent: Extent, *, with_kafka: bool, tell: Tell) -> Mapping[str, Any]:
    """Measure one executor; gives JSON as docs/benchmarks/parked.md explains it.

    Raises Unavailable when the disk has too little room.
    """
    _need_disk(extent)
    async with (
        observed(tell) as machine,
        open_ground(with_kafka=with_kafka) as ground,
        open_place(ground) as place,
        open_place(ground) as empty,
    ):
        crowd, nobody = await open_crowd(place), await open_crowd(empty)
        for one in (crowd, nobody):  # the first start of all reads cold files
            async with one.executor() as (watched, _):
                await one.start(_WARM_UP, None, watched, _unheeded)
        async with crowd.executor() as (watched, _):
            rounds = [
                await _round(crowd, watched, extent, number, tell)
                for number in range(1, extent.rounds + 1)
            ]
        await place.flush()
        parked = await place.parked()
        restarts = [await _restart(crowd, nobody, tell) for _ in range(extent.rounds)]
    found = medians(rounds)
    return {
        "benchmark": "parked",
        "machine": machine,
        "extent": _extent(extent, with_kafka=with_kafka),
        "parked": parked,
        **found,
        "parking": {**found["parking"], **_whole_way(rounds)},
        "restart": {**medians(restarts), "rounds": restarts},
        "marks": _marks(rounds),
        "rounds": rounds,
    }


def _extent(extent: Extent, *, with_kafka: bool) -> Mapping[str, Any]:
    bus = "kafka" if with_kafka else "local"
    return {**asdict(extent), "bus": bus, "partitions": PARTITIONS, "sleep_s": SLEEP_S}


def _whole_way(rounds: Sequence[Round]) -> Mapping[str, Any]:
    """What has no median: the parts one after another, and the memory from first to last."""
    seen = [done["parking"]["resident_bytes"] for done in rounds]
    before, peak = seen[0]["before"], max(one["peak"] for one in seen)
    return {
        "per_s": [rate for done in rounds for rate in done["parking"]["per_s"]],
        "resident_bytes": {
            "before": before,
            "peak": peak,
            "after": seen[-1]["after"],
            "growth": peak - before,
            "each_part": [size for one in seen for size in one["each_part"]],
        },
    }


def _marks(rounds: Sequence[Round]) -> Mapping[str, bool]:
    dues = [done["due"] for done in rounds]
    growth = _whole_way(rounds)["resident_bytes"]["growth"]
    return {
        "memory_is_flat": growth <= GROWTH_BYTES_MAX,
        "resumed_in_time": all(due["resumed_s"]["max"] <= RESUMED_WITHIN_S for due in dues),
        "completed_in_time": all(due["all_completed_s"] <= RESUMED_WITHIN_S for due in dues),
    }


def _need_disk(extent: Extent) -> None:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    executions = extent.count + extent.rounds * (extent.due + extent.awake)
    need = _DISK_BYTES_BESIDE + executions * _DISK_BYTES_EACH
    if free < need:
        raise Unavailable(
            f"{folder} has {free / 2**30:.1f} GiB free and this takes up to {need / 2**30:.1f}:"
            " make room, set TMPDIR to a folder that has it, or ask for fewer with --count."
        )


async def _round(crowd: Crowd, watched: Running, extent: Extent, number: int, tell: Tell) -> Round:
    """Some that do not sleep, this round's part of those that sleep for long, and some that wake.

    Each part beside those without a sleep of the same round: the machine's own speed wanders.
    """
    place = crowd.place
    before = await read_costs(place, watched)
    awake_s = await crowd.start(extent.awake, None, watched, _unheeded)
    after = await read_costs(place, watched)
    awake = asdict(cost_of(before, after, executions=extent.awake, steps=extent.awake))
    awake_per_s = extent.awake / awake_s
    tell(f"round {number}, without a sleep: {awake_per_s:,.0f} executions/s")
    count = extent.count * number // extent.rounds - extent.count * (number - 1) // extent.rounds
    parking = await _park(crowd, watched, count, tell)
    due = await _resume(crowd, watched, extent)
    tell(f"{extent.due:,} due at once had completed after {due['all_completed_s']:.2f} s")
    parked_per_s = count / parking["took_s"]
    return {
        "parked_per_s": parked_per_s,
        "awake_per_s": awake_per_s,
        "of_awake": parked_per_s / awake_per_s,
        "of_awake_by_cpu": quotient(awake["all_cpu_s_per_1000"], parking["all_cpu_s_per_1000"]),
        "awake": awake,
        "parking": parking,
        "due": {"of_awake": extent.due / due["all_completed_s"] / awake_per_s, **due},
    }


async def _park(crowd: Crowd, watched: Running, count: int, tell: Tell) -> Mapping[str, Any]:
    """Start executions that sleep for long, and see what they take."""
    place = crowd.place
    before, sizes = await read_costs(place, watched), await place.sizes()
    async with _memory(watched) as seen:
        progress = _Progress(count, seen, tell)
        took_s = await crowd.start(count, {"duration_s": SLEEP_S}, watched, progress.heed)
    after, sizes_after = await read_costs(place, watched), await place.sizes()
    return {
        "took_s": took_s,
        "per_s": progress.rates,
        **asdict(cost_of(before, after, executions=count, steps=count)),
        "table_bytes_each": {n: (sizes_after[n] - sizes[n]) / count for n in sizes},
        "resident_bytes": {
            "before": seen[0],
            "peak": max(seen),
            "after": seen[-1],
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
    place, began_at = crowd.place, datetime.now(UTC)
    due_at = (began_at + timedelta(seconds=extent.due_in_s)).replace(microsecond=0)
    async with _memory(watched) as seen:
        await crowd.start(extent.due, {"until": stamp(due_at)}, watched, _unheeded)
        if datetime.now(UTC) >= due_at:
            raise RuntimeError(f"{extent.due} executions were not parked in {extent.due_in_s} s")
        before = await read_costs(place, watched)
        all_completed_s = await crowd.ended(due_at, watched)
        after = await read_costs(place, watched)
    resumed = await place.resumed(began_at, extent.due + 1)
    if len(resumed) != extent.due:
        raise RuntimeError(f"{len(resumed)} executions woke and completed, not {extent.due}")
    return {
        "resumed_s": _spread([(woke_at - due_at).total_seconds() for woke_at, _ in resumed]),
        "completed_s": _spread([(ended_at - due_at).total_seconds() for _, ended_at in resumed]),
        "all_completed_s": all_completed_s,
        **asdict(cost_of(before, after, executions=extent.due, steps=2 * extent.due)),
        "resident_bytes": {"before": seen[0], "peak": max(seen), "after": seen[-1]},
    }


async def _restart(crowd: Crowd, nobody: Crowd, tell: Tell) -> Mapping[str, float]:
    """Start an executor where nothing is parked, then where all is."""
    async with nobody.executor() as (_, over_none_s):
        pass
    async with crowd.executor() as (watched, over_parked_s), _memory(watched) as seen:
        tell(f"started over what is parked in {over_parked_s:.2f} s, over none {over_none_s:.2f} s")
    return {
        "over_none_s": over_none_s,
        "over_parked_s": over_parked_s,
        "of_none": over_parked_s / over_none_s,
        "resident_bytes": seen[-1],
    }


def _memory(watched: Running) -> AbstractAsyncContextManager[list[int]]:
    return memory_of(watched.processes[EXECUTOR].pid)


def _spread(seconds: Sequence[float]) -> Mapping[str, float]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {"p50": cuts[49], "p99": cuts[98], "max": max(seconds)}


def _unheeded(_: int) -> None:
    pass
