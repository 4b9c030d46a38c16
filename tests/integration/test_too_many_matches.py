"""One event starts a bounded number of workflows: the same ones, however it is decided on."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from services.matcher.breather import Breather
from services.matcher.counts import Counts
from services.matcher.decider import Decided, Decider
from services.matcher.metrics import MatcherMetrics
from services.matcher.quarantines import Quarantines
from services.matcher.settings import MatcherSettings
from services.scheduler import keep_house
from services.scheduler.settings import SchedulerSettings
from shared.assembly.platform import Platform, open_platform
from shared.assembly.settings import ProcessSettings
from shared.bus.protocol import Record
from shared.db.late_events import BEFORE_ALL, LateEvent, put_late, take_late
from shared.db.overflows import keep_overflow, list_overflows
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, WorkflowId
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import MATCHES_MAX, Overflow
from shared.matching.table import WorkflowTable
from shared.wire.commands import Start, decode_command
from shared.wire.events import encode_event
from tests.integration.test_wait_isolation import Ticking
from tests.support.house import settings_of
from tests.unit.matching.build import AT, event, workflow

HERE: Final = str(DEFAULT_ENVIRONMENT)
TICK_S: Final = 0.001
NEVER: Final = {"run_if": "$string(payload.n) = '2'"}
"""Tried on each event, as the index can make nothing of it."""


@dataclass(frozen=True, slots=True)
class Matching:
    """A matcher's part that decides, with metrics of its own."""

    decider: Decider
    platform: Platform

    async def all_of(self, on: Event, *, within_s: float = 1e9) -> tuple[list[int], int]:
        """The numbers of the workflows that are started, and in how many slices."""
        started: list[int] = []
        slices, decided = 0, Decided()
        while slices == 0 or decided.rest is not None:
            decided = await self.decider.decide(
                on,
                encode_event(on),
                Breather(self.platform.clock),
                within_s=within_s,
                first=decided.rest,
                matched=decided.matched,
            )
            started += numbers(decided.commands)
            slices += 1
        return started, slices

    def value(self, name: str, **labels: str) -> float:
        """A metric, 0 while there is none."""
        given = {"environment": HERE, **labels}
        return self.platform.registry.get_sample_value(name, given) or 0.0


def numbers(commands: Sequence[Record]) -> list[int]:
    """The workflows that commands start."""
    found = [decode_command(command.value or b"") for command in commands]
    return [one.workflow_id.int for one in found if isinstance(one, Start)]


def table_of(workflows: Iterable[Any]) -> WorkflowTable:
    """A table of ``workflows``."""
    table = WorkflowTable(ExpressionCache(100))
    for each in workflows:
        table.put(each.conditions)
    return table


@asynccontextmanager
async def matching(
    database: str, table: WorkflowTable, *, tick_s: float = 0.0, **more: Any
) -> AsyncIterator[Matching]:
    """What decides by a table; each look at the clock takes ``tick_s``."""
    settings = MatcherSettings(**settings_of(database, **more))
    async with open_platform(ProcessSettings(**settings_of(database))) as opened:
        platform = replace(opened, clock=Ticking(tick_s)) if tick_s else opened
        metrics = MatcherMetrics(platform.registry, platform.environment_names)
        quarantines = Quarantines(platform, settings, metrics)
        counts = Counts(platform.pool)
        yield Matching(Decider(platform, table, counts, settings, metrics, quarantines), platform)


async def kept(platform: Platform, key: EventKey) -> Overflow | None:
    """What is kept of an event."""
    async with platform.pool.acquire() as conn:
        return (await list_overflows(conn, [key])).get(key)


@pytest.mark.parametrize("matches", [MATCHES_MAX, MATCHES_MAX + 1, 100 * MATCHES_MAX])
async def test_as_many_as_may_are_started(database: str, matches: int) -> None:
    """At the limit all, above it the first by their ids; the others are counted and told of."""
    one = workflow()
    table = table_of(one.model_copy(update={"id": UUID(int=n)}) for n in range(1, matches + 1))
    async with matching(database, table) as made:
        on, over = event({}), max(0, matches - MATCHES_MAX)
        with capture_logs() as logs:
            started, _ = await made.all_of(on)
            again, _ = await made.all_of(on)
        assert started == again == list(range(1, MATCHES_MAX + 1))
        overflow = await kept(made.platform, on.key)
        left_out = [log for log in logs if log["event"] == "too_many_matches"]
        if over == 0:
            assert (overflow, left_out) == (None, [])
        else:
            first = WorkflowId(UUID(int=MATCHES_MAX + 1))
            assert overflow == Overflow(started=MATCHES_MAX, matched=matches, first_left_out=first)
            [log] = left_out
            assert (log["event_key"], log["matched"], log["started"], log["first_left_out"]) == (
                *(str(on.key), matches),
                *(MATCHES_MAX, str(first)),
            )
        assert made.value("turnout_events_overflowing_total") == (over > 0)
        # Decided on twice.
        count = "turnout_decisions_total"
        assert made.value(count, reason="TOO_MANY_MATCHES") == 2 * over
        assert made.value(count, reason="MATCHED") == 2 * MATCHES_MAX


@pytest.mark.parametrize("ticks", [1, 4, 7, 8, 9, 13, 14])
async def test_in_slices_it_starts_the_same(database: str, ticks: int) -> None:
    """Wherever deciding breaks off and goes on, only the first matches are started."""
    flows = [workflow(number=n, **({} if n % 2 else NEVER)) for n in range(1, 15)]
    async with matching(database, table_of(flows), tick_s=TICK_S, matches_max=4) as made:
        on = event({"n": 1})
        started, slices = await made.all_of(on, within_s=ticks * TICK_S)
        assert started == [1, 3, 5, 7]
        assert slices == -(-14 // ticks)
        first = WorkflowId(UUID(int=9))
        assert await kept(made.platform, on.key) == Overflow(
            started=4, matched=7, first_left_out=first
        )
        assert made.value("turnout_decisions_total", reason="TOO_MANY_MATCHES") == 3
        assert made.value("turnout_events_overflowing_total") == 1


async def test_who_was_left_out_stays_so(database: str) -> None:
    """An event that comes twice, to whichever matcher, leaves out the same as before."""
    flows = [workflow(number=n) for n in range(10, 20)]
    on = event({})
    async with matching(database, table_of(flows), matches_max=4) as made:
        assert (await made.all_of(on))[0] == [10, 11, 12, 13]
    table = table_of([workflow(number=1), *flows])
    async with matching(database, table, matches_max=4) as made:
        assert (await made.all_of(on))[0] == [1, 10, 11, 12, 13]
        overflow = await kept(made.platform, on.key)
        assert overflow == Overflow(started=4, matched=11, first_left_out=WorkflowId(UUID(int=14)))
        assert made.value("turnout_events_overflowing_total") == 0


async def test_a_limit_that_was_lowered_meanwhile(database: str) -> None:
    """What goes on with an event starts no more of it, and says how many there were."""
    flows = [workflow(number=n) for n in range(1, 9)]
    async with matching(database, table_of(flows), matches_max=3) as made:
        on = event({})
        first = WorkflowId(UUID(int=6))
        decided = await made.decider.decide(
            on,
            encode_event(on),
            Breather(made.platform.clock),
            within_s=1e9,
            first=first,
            matched=5,
        )
        assert decided.commands == []
        assert await kept(made.platform, on.key) == Overflow(
            started=5, matched=8, first_left_out=first
        )


async def test_of_two_late_places_the_earlier_counts(database: str) -> None:
    """With how many matched before it, whichever of them is put down last."""
    async with open_platform(ProcessSettings(**settings_of(database))) as platform:
        for first, matched in ((5, 4), (3, 2), (4, 3)):
            late = LateEvent(
                environment_id=DEFAULT_ENVIRONMENT,
                key=event().key,
                first=WorkflowId(UUID(int=first)),
                matched=matched,
                event=b"",
            )
            async with platform.pool.acquire() as conn:
                await put_late(conn, [late], AT)
        async with platform.pool.acquire() as conn, conn.transaction():
            found = await take_late(conn, BEFORE_ALL)
        assert found is not None
        assert (found.first.int, found.matched) == (3, 2)


async def test_it_is_forgotten_with_its_event(database: str) -> None:
    """As long as the archive has the day, it is told; then it goes."""
    settings = SchedulerSettings(**settings_of(database, events_kept_days=7))
    async with open_platform(settings) as platform:
        now = platform.clock.now()
        overflow = Overflow(started=1, matched=2, first_left_out=WorkflowId(UUID(int=1)))
        for days in (0, 7, 8, 9):
            on = event(id=str(days), received_at=now - timedelta(days=days))
            async with platform.pool.acquire() as conn:
                assert await keep_overflow(conn, on, overflow) == (overflow, True)
        await keep_house.one_round(platform, settings)
        rows = await platform.pool.fetch("SELECT received_on FROM overflows ORDER BY received_on")
        left = [(now.date() - row["received_on"]).days for row in rows]
        assert left == [7, 0]
