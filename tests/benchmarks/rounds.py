"""One round: start, warm up, a burst for throughput, then a trickle for latency, stop."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.bus.protocol import Record
from tests.benchmarks.events import WORKFLOW, event_ids, event_record
from tests.benchmarks.ground import Ground, Place, open_place
from tests.benchmarks.open_loop import Instants, send_at
from tests.benchmarks.processes import Running, cpu_seconds, running
from tests.benchmarks.results import Results, open_results
from tests.benchmarks.three_steps import three_steps

Programs = Mapping[str, Sequence[str]]
"""The roles of each process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured, of executions of so many steps, 1 or 3.

    Events a second, and seconds, for the latency.
    """

    steps: int
    rounds: int
    events: int
    warm_up: int
    latency_per_s: int
    latency_for_s: int

    @property
    def latency_events(self) -> int:
        """How many events the trickle has."""
        return self.latency_per_s * self.latency_for_s

    @property
    def total(self) -> int:
        """How many events a round has."""
        return self.warm_up + self.events + self.latency_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What the burst came to; ``cpu_s_per_1000`` by process, ``postgres`` and ``kafka``."""

    executions_per_s: float
    cpu_s_per_1000: Mapping[str, float]
    wal_bytes_per_execution: float
    commits_per_1000_steps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round came to.

    Of each event of the trickle: seconds until its step began, by the log, and until its result
    was seen. Of the whole round: ``completed`` counts executions by the database, ``published_…``
    the records on the result topics; ``counters`` are what each process told at its end.
    """

    burst: Burst
    step_began_s: list[float]
    result_seen_s: list[float]
    completed: int
    published_steps: int
    published_phases: int
    counters: Mapping[str, Mapping[str, float]]
    load_average: float


async def measure_round(
    ground: Ground, programs: Programs, extent: Extent, *, owners: int = 0
) -> Round:
    """Run ``programs`` in a fresh place; it begins when so many executors own partitions."""
    workflow = WORKFLOW if extent.steps == 1 else three_steps("jsonata")
    last = workflow["steps"][-1]["id"]
    async with (
        open_place(ground, workflow) as place,
        open_results(place, steps=extent.steps) as results,
    ):
        async with running(programs, place.environment()) as watched:
            await place.owned_by(owners, watched)
            await publish(place, "warm", extent.warm_up)
            await results.reach(extent.warm_up, watched)
            burst = await _measure_burst(place, results, watched, extent)
            load_average = os.getloadavg()[0]
            due, seen = await send_at(
                place,
                [n / extent.latency_per_s for n in range(extent.latency_events)],
                "trickle",
                last_step=last,
            )
            await results.reach(extent.total, watched)
        steps, phases = await results.published()
        return Round(
            burst=burst,
            step_began_s=_delays(due, await place.starts(extent.total)),
            result_seen_s=_delays(due, seen),
            completed=await place.completed(),
            published_steps=steps,
            published_phases=phases,
            counters=watched.said,
            load_average=load_average,
        )


async def publish(place: Place, prefix: str, count: int) -> None:
    """Publish ``count`` events to the source topic at once."""
    topic = place.topics.sources[0]
    await place.platform.bus.publish(
        [
            Record(topic=topic, key=id_.encode(), value=event_record(id_))
            for id_ in event_ids(prefix, count)
        ]
    )


async def _measure_burst(place: Place, results: Results, watched: Running, extent: Extent) -> Burst:
    counted, before = await place.counters(), used(place.ground, watched)
    began = time.perf_counter()
    await publish(place, "burst", extent.events)
    await results.reach(extent.warm_up + extent.events, watched)
    took_s = time.perf_counter() - began
    used_after, after = used(place.ground, watched), await place.counters()
    return Burst(
        executions_per_s=extent.events / took_s,
        cpu_s_per_1000={n: 1000 * (used_after[n] - before[n]) / extent.events for n in before},
        wal_bytes_per_execution=(after.wal_bytes - counted.wal_bytes) / extent.events,
        commits_per_1000_steps=1000
        * (after.transactions - counted.transactions)
        / (extent.events * extent.steps),
    )


def _delays(due: Instants, then: Instants) -> list[float]:
    return [then[id_] - at for id_, at in due.items()]


def used(ground: Ground, watched: Running) -> Mapping[str, float]:
    """CPU-seconds so far, by process, and by server."""
    pids = {name: process.pid for name, process in watched.processes.items()}
    return {name: cpu_seconds(pid) for name, pid in {**pids, **ground.processes}.items()}
