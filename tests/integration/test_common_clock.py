"""Processes whose machines disagree about the time agree about Postgres'."""

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import pytest

from shared.assembly import common_clock
from shared.assembly.common_clock import CommonClock
from shared.assembly.platform import open_platform
from shared.assembly.settings import ProcessSettings
from shared.db.pool import Pool
from shared.runtime import clock as machine_clock
from tests.support.eventually import eventually
from tests.support.house import settings_of
from tests.support.postgres import execute

HOUR_S = 3_600.0
END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def off(clock: CommonClock, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Have the clock go wrong."""
    began_s = vars(clock)["_began_s"]
    monkeypatch.setattr(clock, "_began_s", began_s + seconds)


@pytest.mark.parametrize("seconds", [HOUR_S, -HOUR_S, 0.0])
async def test_a_clock_that_is_wrong_is_set(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """It shows no time before the one that Postgres had shown, nor one that is yet to come."""
    clock = CommonClock()
    off(clock, monkeypatch, seconds)
    before = await pool.fetchval("SELECT clock_timestamp()")
    began_s = clock.monotonic()
    await clock.set(pool)
    shown = clock.now()
    after = await pool.fetchval("SELECT clock_timestamp()")
    took = timedelta(seconds=clock.monotonic() - began_s)
    assert before <= shown <= after + took


class HourAhead(datetime):
    """What a machine tells whose clock is wrong."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(seconds=HOUR_S)


async def test_roles_go_by_postgres_clock_from_the_start(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timers are set, and found due, by what a process is given: never by its machine's clock."""
    for module in (machine_clock, common_clock):
        monkeypatch.setattr(module, "datetime", HourAhead)
    assert machine_clock.SystemClock().now() - datetime.now(UTC) > timedelta(minutes=1)
    async with open_platform(ProcessSettings(**settings_of(database))) as platform:
        shown = await platform.pool.fetchval("SELECT clock_timestamp()")
        assert abs(platform.clock.now() - shown) < timedelta(minutes=1)


async def test_a_clock_that_may_be_right_is_left_alone(pool: Pool) -> None:
    """Of one machine both clocks are the same: asking does not move the time."""
    clock = CommonClock()
    began_s = vars(clock)["_began_s"]
    await clock.set(pool)
    assert vars(clock)["_began_s"] == pytest.approx(began_s, abs=1e-3)


async def test_a_clock_is_kept_right_whatever_befalls_postgres(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is set again and again; where that fails, it is tried again."""
    monkeypatch.setattr(common_clock, "EVERY_S", 0.01)
    clock = CommonClock()

    def is_right() -> bool:
        return abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)

    keeping = asyncio.create_task(clock.keep(pool))
    for _ in range(2):
        await execute(database, END_OTHERS)  # by a connection that nobody ends
        off(clock, monkeypatch, HOUR_S)
        await eventually(is_right)
        assert not keeping.done()
    keeping.cancel()
    await asyncio.wait([keeping])
