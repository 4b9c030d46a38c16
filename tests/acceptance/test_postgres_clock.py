"""Postgres' own clock jumps back and forth while executions sleep, retry, and are due by the clock.

All processes go by that clock, so nothing may be early by it, nothing may happen twice, and once it
is right again everything must have got done.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.scheduler.app import scheduler
from services.scheduler.settings import SchedulerSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from services.webhooks.app import webhooks
from services.webhooks.settings import DeliverySettings, WebhooksSettings
from shared.assembly import common_clock
from shared.assembly.platform import Platform
from shared.db.migrate import migrate
from shared.embedded.postgres import EmbeddedPostgres
from shared.runtime.roles import Role
from tests.chaos.clocks import Clock, clocked_postgres, clocks_move
from tests.integration.webhooks.stage import QUICK, open_hooks, subscribe
from tests.support.gated import Receiver, open_receiver
from tests.support.house import settings_of
from tests.support.rings import written
from tests.support.works import NOTE, Works, all_ended, check_history, open_works, statuses, until

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(clocks_move() is not None, reason=str(clocks_move())),
]

WAVE = 20
TICKS = 4
DELIVERED = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"
STARTED = "SELECT count(DISTINCT event_key) FROM executions JOIN events ON key = event_key"
TICKED_EARLY = """
    SELECT e.created_at, l.input FROM executions AS e
    JOIN execution_log AS l ON l.execution_id = e.id AND l.position = 1
    WHERE e.workflow_id = $1
        AND e.created_at < (l.input -> 'data' ->> 'scheduled_at')::timestamptz
"""
EARLY = """
    SELECT l.step_id, l.wake_at, next.started_at, next.ended_at, next.status
    FROM execution_log AS l
    JOIN LATERAL (
        SELECT n.started_at, n.ended_at, n.status FROM execution_log AS n
        WHERE n.execution_id = l.execution_id AND n.step_id = l.step_id AND n.position > l.position
        ORDER BY n.position LIMIT 1
    ) AS next ON true
    WHERE l.wake_at > CASE WHEN l.status = 'RETRYING' THEN next.started_at ELSE next.ended_at END
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[str, Clock]]:
    """The address of a migrated database, and the clock by which its server goes."""
    with clocked_postgres() as clocked:
        async with EmbeddedPostgres(tmp_path, bin_dir=clocked.bin_dir) as running:
            await migrate(running.dsn)
            yield running.dsn, clocked.clock


def others(dsn: str) -> Callable[[Platform], Sequence[tuple[str, Role]]]:
    """Every role but the executor."""
    given = settings_of(dsn, egress={"allow_loopback": True}, keyring=written("k1"))

    def made(platform: Platform) -> Sequence[tuple[str, Role]]:
        return [
            ("trigger-ingest", trigger_ingest(platform, IngestSettings(**given))),
            ("matcher", matcher(platform, MatcherSettings(**given))),
            ("scheduler", scheduler(platform, SchedulerSettings(**given))),
            (
                "webhooks",
                webhooks(platform, WebhooksSettings(**given, webhooks=DeliverySettings(**QUICK))),
            ),
        ]

    return made


def napping(receiver: Receiver) -> dict[str, Any]:
    """A workflow that sleeps, and calls somebody who is not there at first."""
    nap = {"id": "nap", "kind": "sleep", "sleep": {"duration_s": 0.3}}
    retry = {"max_attempts": 4, "initial_interval_s": 0.1}
    call = {**receiver.step("/flaky"), "retry": retry}
    return {
        "name": "napping",
        "triggers": [{"event_name": "go"}],
        "steps": [NOTE, nap, call, {**NOTE, "id": "last"}],
    }


def ticking(begin: datetime) -> dict[str, Any]:
    """A workflow that the clock starts a few times."""
    instants = [begin + timedelta(seconds=0.5 * n) for n in range(1, TICKS + 1)]
    schedules = [{"kind": "once", "value": at.isoformat()} for at in instants]
    triggers = [
        {"id": f"at-{n}", "kind": "schedule", "schedule": one} for n, one in enumerate(schedules)
    ]
    return {"name": "ticking", "triggers": triggers, "steps": [NOTE]}


async def seen(works: Works, offset: timedelta) -> None:
    """Return when the process goes by Postgres' clock."""
    async with asyncio.timeout(60):
        while True:
            theirs: datetime = await works.pool.fetchval("SELECT clock_timestamp()")
            if abs(works.platform.clock.now() - theirs) < offset:
                return
            await asyncio.sleep(0.01)


async def wave(works: Works, number: int) -> None:
    """Send some events."""
    for n in range(WAVE):
        await works.send("go", {}, id=f"{number}-{n}")
    await until(works.pool, STARTED, (number + 1) * WAVE)


@pytest.mark.parametrize("offset", ["-1h", "-1d"])
async def test_a_clock_that_jumps_back_and_forth_loses_and_doubles_nothing(
    server: tuple[str, Clock], monkeypatch: pytest.MonkeyPatch, offset: str
) -> None:
    """Executions begin before, in between and after; a process is lost while it is wrong."""
    monkeypatch.setattr(common_clock, "EVERY_S", 0.05)
    dsn, clock = server
    async with open_receiver() as receiver, open_hooks() as hooks:
        async with open_works(dsn, before=others(dsn)) as works:
            # What was published before somebody subscribed, by that same clock, is not told.
            long_ago = works.platform.clock.now() - timedelta(days=2)
            told_of = "execution.completed"
            await subscribe(works.pool, f"{hooks.url}/told", told_of, created_at=long_ago)
            await works.register(napping(receiver))
            ticks = await works.register(ticking(works.platform.clock.now()))
            await wave(works, 0)
            clock.set(offset)
            await seen(works, timedelta(minutes=1))
            await wave(works, 1)
            await works.crash()
        async with open_works(dsn, before=others(dsn)) as works:
            await wave(works, 2)
            clock.set()
            await seen(works, timedelta(minutes=1))
            await wave(works, 3)
            await all_ended(works.pool, 4 * WAVE + TICKS)
            assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
            await check_history(works)
            assert [tuple(row) for row in await works.pool.fetch(EARLY)] == []
            assert [tuple(row) for row in await works.pool.fetch(TICKED_EARLY, ticks.id)] == []
            await until(works.pool, DELIVERED, 4 * WAVE + TICKS)
        assert len(set(receiver.keys)) == 4 * WAVE
        assert len({got.id for got in hooks.at("/told")}) == 4 * WAVE + TICKS
