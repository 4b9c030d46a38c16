"""A part of a role that a library cancels from within does not go missing in silence."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.scheduler.app import scheduler
from services.scheduler.settings import SchedulerSettings
from shared.assembly.platform import Platform
from shared.bus.local import LocalBus
from shared.bus.protocol import Record
from shared.domain.errors import Unavailable
from shared.runtime.roles import Role, duty
from tests.integration.test_schedules import EVENING, NIGHTLY
from tests.support.house import settings_of
from tests.support.virtual_clock import VirtualClock
from tests.support.works import all_ended, open_works


async def cancelled_from_within() -> None:
    """As a library does whose connection broke."""
    broken = asyncio.get_running_loop().create_future()
    broken.cancel()
    await broken


async def test_a_duty_that_nobody_cancelled_ends_its_role() -> None:
    """The role is told, and comes back; one that is really cancelled ends as asked."""
    with pytest.raises(Unavailable):
        await duty(cancelled_from_within())
    task = asyncio.create_task(duty(asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_schedules_fire_after_a_library_has_cancelled_them(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler starts anew, and what was due is started."""
    clock = VirtualClock(EVENING)
    strays: list[int] = []

    def roles(platform: Platform) -> Sequence[tuple[str, Role]]:
        settings = SchedulerSettings(**settings_of(database))
        return [("scheduler", scheduler(platform, settings))]

    async with open_works(database, clock=clock, before=roles) as works:
        bus = works.platform.bus
        assert isinstance(bus, LocalBus)
        whole = bus.publish

        async def publish(records: Sequence[Record]) -> None:
            if not strays and any(b"schedule:due" in (r.value or b"") for r in records):
                strays.append(len(records))
                await cancelled_from_within()
            await whole(records)

        monkeypatch.setattr(bus, "publish", publish)
        await works.register(NIGHTLY, created_at=clock.now(), updated_at=clock.now())
        clock.jump(EVENING + timedelta(days=1))
        await all_ended(works.pool, 1)
        assert strays == [1]
