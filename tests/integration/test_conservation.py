"""``turnout doctor conservation`` over real work, at rest and under way, on either bus."""

import asyncio
from typing import Any
from uuid import uuid4

import orjson

from services.cli.doctor.conservation.report import Report, Stage
from shared.assembly.platform import Platform
from shared.bus.protocol import Record
from tests.support.bus import BusAddress
from tests.support.conserved import EVENTS, looked_at, work, worked
from tests.support.eventually import eventually
from tests.support.house import open_house, settings_of


def on(bus: BusAddress) -> dict[str, Any]:
    """Settings for topics of its own on a bus."""
    name = f"t{uuid4().hex[:8]}"
    settings: dict[str, Any] = {"topic_prefix": name, "source_topics": (f"{name}.events",)}
    return settings | ({"kafka_bootstrap_servers": bus.address} if bus.kind == "kafka" else {})


async def test_a_real_run_is_clean(database: str, bus_address: BusAddress) -> None:
    """After duplicates, conflicts, failures and calls every station adds up.

    One result changed on its topic, and one entry less in the log, are found by their ids.
    """
    settings = on(bus_address)
    async with open_house(database, **settings) as house:
        await work(house)
        await worked(house)
        platform = house.platform

        async def look() -> Report:
            given = settings_of(database, **settings)
            return await looked_at(platform.pool, platform.bus, given)

        report = await look()
        while any(stage.in_flight for stage in report.stages.values()):  # cursors come last
            report = await look()
        assert list(report.findings.values()) == []
        assert [(r.stage, r.detail[:10]) for r in report.repeats] == [(Stage.SOURCES, "Sent again")]
        checked = {stage: counts.checked for stage, counts in report.stages.items()}
        assert checked[Stage.SOURCES] == EVENTS + 4
        assert checked[Stage.ARCHIVE] == EVENTS + 1
        assert checked[Stage.EXECUTIONS] == 2 * (EVENTS - 2)
        assert 0 < checked[Stage.LOG] < checked[Stage.PUBLISHED]

        heard = next(r for r in house.heard if r["type"] == "turnout.step.completed")
        topic, key = platform.topics.step_results, heard["subject"].encode()
        await platform.bus.publish([Record(topic=topic, key=key, value=orjson.dumps(heard) + b" ")])
        gone = await platform.pool.fetchval(
            "DELETE FROM execution_log WHERE position = 2 AND execution_id <> $1::text::uuid"
            " RETURNING execution_id",
            heard["subject"],
        )
        found = {(f.code, f.id) for f in (await look()).findings.values()}
        assert {("other_bytes", heard["id"]), ("log_gap", str(gone))} <= found


async def test_it_works_while_everything_runs(database: str, bus_address: BusAddress) -> None:
    """Asked again and again while events flow, it finds nothing, and some of them in flight."""
    settings = on(bus_address)
    async with open_house(database, **settings) as house, asyncio.TaskGroup() as group:
        await work(house)
        stop = asyncio.Event()
        flowing = group.create_task(flow(house.platform, stop))
        await eventually(lambda: len(house.heard) > 100)
        in_flight = 0
        looks = 0
        while looks < 3 or not in_flight:  # of a quick machine little is seen in flight
            looks += 1
            platform, given = house.platform, settings_of(database, **settings)
            report = await looked_at(platform.pool, platform.bus, given)
            assert list(report.findings.values()) == []
            in_flight += sum(counts.in_flight for counts in report.stages.values())
        stop.set()
        await flowing


async def flow(platform: Platform, stop: asyncio.Event) -> None:
    """Send events until ``stop``."""
    n, topic = 0, platform.topics.sources[0]
    while not stop.is_set():
        events = [{"id": f"f{n}-{i}", "event": "go", "payload": {"n": i}} for i in range(6)]
        await platform.bus.publish(
            [Record(topic=topic, key=None, value=orjson.dumps(e)) for e in events]
        )
        n += 1
        await platform.clock.wait(stop, 0.05)
