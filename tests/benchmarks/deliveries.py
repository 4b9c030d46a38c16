"""Outgoing webhooks: how many are delivered, at what cost, and how soon, beside a bare loop."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import orjson

from shared.bus.protocol import Record
from shared.runtime.sql import statements
from tests.benchmarks.costs import medians, spread_ms
from tests.benchmarks.delivered import Delivered, open_delivered
from tests.benchmarks.ground import Counters, Ground, Place, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.open_loop import arrivals
from tests.benchmarks.processes import Running, running
from tests.benchmarks.rounds import used
from tests.integration.webhooks.stage import phase, subscribe
from tests.support.rings import written

FLOOR: Final = "floor"
TURNOUT: Final = "turnout"
_ROLE: Final = "webhooks"
_WITHIN_S: Final = 300.0
_POLL_S: Final = 0.02
_SQL: Final = statements(Path(__file__).parent / "queries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many deliveries at once, to so many subscriptions; then ``per_s`` for ``seconds``."""

    rounds: int
    deliveries: int
    subscriptions: int
    per_s: float
    seconds: float
    bus: str
    seed: int


FULL: Final = Extent(
    rounds=3, deliveries=10_000, subscriptions=8, per_s=20, seconds=15, bus="kafka", seed=1
)
QUICK: Final = Extent(
    rounds=1, deliveries=100, subscriptions=2, per_s=20, seconds=0.5, bus="local", seed=1
)


async def measure_deliveries(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Measure both sides by turns; gives JSON as docs/benchmarks/README.md explains it."""
    rounds: dict[str, list[dict[str, Any]]] = {TURNOUT: [], FLOOR: []}
    with_kafka = extent.bus == "kafka"
    async with observed(tell) as machine, open_ground(with_kafka=with_kafka) as ground:
        for number in range(1, extent.rounds + 1):
            floor = await _floor(ground, extent)
            found = await _turnout(ground, extent, random.Random(extent.seed + number))
            for name, one in ((TURNOUT, found), (FLOOR, floor)):
                one["of_floor"] = one["deliveries_per_s"] / floor["deliveries_per_s"]
                one["of_floor_by_cpu"] = one["per_cpu_s"] / floor["per_cpu_s"]
                rounds[name].append(one)
                tell(
                    f"round {number}, {name}: {one['deliveries_per_s']:,.0f}/s,"
                    f" {one['per_cpu_s']:,.0f} a core"
                )
    sides = {name: {**medians(done), "rounds": done} for name, done in rounds.items()}
    return {
        "benchmark": "deliveries",
        "machine": machine,
        "extent": asdict(extent),
        "sides": sides,
        "marks": {
            "1,000 a core": sides[TURNOUT]["per_cpu_s"] >= 1_000,
            "told within 20 ms (p50)": sides[TURNOUT]["told_ms"]["p50"] <= 20,
            "each once": all(one["received"] == one["wanted"] for one in rounds[TURNOUT]),
        },
    }


async def _floor(ground: Ground, extent: Extent) -> dict[str, Any]:
    async with open_delivered() as delivered:
        programs = {_ROLE: (delivered.url, str(extent.deliveries))}
        python = ("-m", "tests.benchmarks.deliveries_floor")
        environment = {"TURNOUT_MEMBER": FLOOR}
        async with running(programs, environment, python) as watched:
            await watched.ask()  # warm: another time the same list
            delivered.seen.clear()
            before, began = used(ground, watched), time.perf_counter()
            await watched.ask()
            took_s = time.perf_counter() - began
            after = used(ground, watched)
    return {**_burst(before, after, took_s, extent.deliveries), "received": len(delivered.seen)}


async def _turnout(ground: Ground, extent: Extent, chance: random.Random) -> dict[str, Any]:
    async with open_delivered() as delivered, open_place(ground) as place:
        flows = [uuid4() for _ in range(extent.subscriptions)]
        for flow in flows:
            await subscribe(place.platform.pool, delivered.url, workflow_id=flow)
        environment = {**place.environment(), "TURNOUT_KEYRING": written("k1")}
        async with running({_ROLE: (_ROLE,)}, environment) as watched:
            sent = _Sent(place, delivered, flows)
            await sent.at_once(max(1, extent.deliveries // 20), watched)
            counted, before = await place.counters(), used(ground, watched)
            took_s = await sent.at_once(extent.deliveries, watched)
            after, now = used(ground, watched), await place.counters()
            told = await sent.one_by_one(arrivals(extent.per_s, extent.seconds, chance))
            counters = watched
        return {
            **_burst(before, after, took_s, extent.deliveries),
            **_written(counted, now, extent.deliveries),
            "told_ms": spread_ms(told),
            "wanted": sent.records,
            "received": delivered.count,
            "counters": counters.said,
        }


class _Sent:
    """Records on the topic of lifecycles, each of a workflow of which one subscription hears."""

    def __init__(self, place: Place, delivered: Delivered, flows: Sequence[UUID]) -> None:
        self.records = 0
        self._place = place
        self._delivered = delivered
        self._flows = flows

    async def at_once(self, count: int, watched: Running) -> float:
        """Publish so many; gives the seconds until all were received. Notes are waited for."""
        records = [record for _, record in map(self._next, range(count))]
        began = time.perf_counter()
        await self._place.platform.bus.publish(records)
        await self._delivered.reach(self.records, within_s=_WITHIN_S)
        took_s = time.perf_counter() - began
        async with asyncio.timeout(_WITHIN_S):
            while await self._place.platform.pool.fetchval(_SQL["count_undelivered"]):
                watched.ensure_alive()
                await asyncio.sleep(_POLL_S)
        return took_s

    async def one_by_one(self, offsets_s: Sequence[float]) -> Sequence[float]:
        """Publish when each is due; gives the seconds from there until each was received."""
        due: dict[str, float] = {}
        start = time.time()
        async with asyncio.TaskGroup() as group:
            for number, offset_s in enumerate(offsets_s):
                id_, record = self._next(number)
                due[id_] = start + offset_s
                await asyncio.sleep(due[id_] - time.time())
                group.create_task(self._place.platform.bus.publish([record]))
        await self._delivered.reach(self.records, within_s=_WITHIN_S)
        return [self._delivered.seen[id_] - at for id_, at in due.items()]

    def _next(self, number: int) -> tuple[str, Record]:
        self.records += 1
        document = phase(workflow_id=str(self._flows[number % len(self._flows)]))
        record = Record(
            topic=self._place.topics.executions,
            key=document["subject"].encode(),
            value=orjson.dumps(document),
        )
        return document["id"], record


def _burst(
    before: Mapping[str, float], after: Mapping[str, float], took_s: float, deliveries: int
) -> dict[str, Any]:
    cpu = {name: 1000 * (after[name] - before[name]) / deliveries for name in before}
    return {
        "deliveries_per_s": deliveries / took_s,
        "cpu_s_per_1000": cpu,
        "all_cpu_s_per_1000": sum(cpu.values()),
        # A tick of its clock at least.
        "per_cpu_s": 1000 / max(cpu[_ROLE], 10 / deliveries),
    }


def _written(before: Counters, after: Counters, deliveries: int) -> Mapping[str, float]:
    transactions = after.transactions - before.transactions
    return {
        "commits_per_1000": 1000 * transactions / deliveries,
        "wal_bytes_each": (after.wal_bytes - before.wal_bytes) / deliveries,
    }
