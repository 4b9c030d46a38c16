"""Executions end at their expiry, wherever they are, and timers ring once and in time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.executor import life, sleepers
from services.executor.perform import Tools, perform
from services.executor.runs import Performing, Run
from shared.domain.ids import StepId
from shared.domain.outcomes import ErrorKind, Failed, Interrupted, Outcome, StepError
from shared.domain.signals import Decided, Resume, Suspend
from shared.runtime.clock import SystemClock
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel,
    caught_up,
    check_history,
    open_works,
    say,
    start,
    start_command,
    statuses,
    tell,
    until,
    workflow,
)

ASK: dict[str, Any] = {"id": "ask", "kind": "approval"}
ASKED = "SELECT count(*) FROM waits"
NAPS = "SELECT count(*) FROM execution_log WHERE step_id = 'nap' AND status = 'WAITING'"


class Ahead(SystemClock):
    """The machine's clock, and ``by`` more."""

    by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.by


def nap(duration_s: float) -> dict[str, Any]:
    """A step that sleeps."""
    return {"id": "nap", "kind": "sleep", "sleep": {"duration_s": duration_s}}


def expiring(after_s: float, *steps: dict[str, Any]) -> dict[str, Any]:
    """A workflow that expires."""
    return {**workflow(*steps), "policy": {"expires_after_s": after_s}}


async def test_executions_expire_wherever_they_are(database: str) -> None:
    """Parked, suspended, with a step under way; one that ends before its time leaves no timer.

    The one that is suspended would end before its time, too, if it were not.
    """
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        flows = [expiring(1.0, *steps) for steps in ([ASK], [nap(60)], [receiver.step()])]
        ids = [id_ for flow in flows for id_ in await start(works, await works.register(flow))]
        [suspended] = await start(works, await works.register(expiring(2.5, nap(1.5), NOTE)))
        await until(works.pool, f"{NAPS} AND execution_id = '{suspended}'", 1)
        await say(works, suspended, Suspend())
        [quick] = await start(works, await works.register(expiring(600, NOTE)))
        await all_ended(works.pool, 5)
        found = await statuses(works.pool)
        assert [found[id_] for id_ in (*ids, suspended)] == ["EXPIRED"] * 4
        assert found[quick] == "COMPLETED"
        await check_history(works)


async def test_a_step_that_fails_as_it_expires_ends_it_all_the_same(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the expiry broke off beside it is not waited for: the others are undone at once."""

    async def refused(run: Run, performing: Performing, tools: Tools) -> Outcome | Interrupted:
        outcome = await perform(run, performing, tools)
        if performing.effect.key != "call" or not isinstance(outcome, Interrupted):
            return outcome
        error = StepError(kind=ErrorKind.REFUSED, message="No.")
        return Failed(error=error)  # its answer came at that moment

    monkeypatch.setattr(life, "perform", refused)
    clock = Ahead()
    async with open_receiver() as receiver, open_works(database, clock=clock) as works:
        receiver.gate.clear()
        undone = {**NOTE, "compensation": {"action": "transform", "input": {"src": "undone"}}}
        fails = {**receiver.step(), "on_failure": "compensate", "depends_on": ["note"]}
        beside = {**receiver.step(), "id": "beside", "depends_on": ["note"]}
        [id_] = await start(works, await works.register(expiring(600, undone, beside, fails)))
        await eventually(lambda: len(receiver.keys) == 2)
        clock.by = timedelta(seconds=600)
        await say(works, id_, Resume())  # it changes nothing, but that the time is looked at
        await all_ended(works.pool, 1)
        assert list((await statuses(works.pool)).values()) == ["FAILED"]
        settled = "SELECT step_id FROM execution_log WHERE status = 'COMPLETED' ORDER BY position"
        found = [row["step_id"] for row in await works.pool.fetch(settled)]
        assert (found[0], len(found)) == ("note", 2)
        await check_history(works)


async def test_an_expiry_holds_across_a_crash(database: str) -> None:
    """Also that of an execution whose only step is under way."""
    async with open_receiver() as receiver:
        receiver.gate.clear()
        async with open_works(database) as works:
            for steps in ([ASK], [receiver.step()]):
                await start(works, await works.register(expiring(1.5, *steps)))
            # It may have expired by now, on a slow machine.
            await until(works.pool, "SELECT count(*) > 0 FROM execution_log WHERE step_id = 'ask'")
            await eventually(lambda: len(receiver.keys) == 1)
            await works.crash()
        async with open_works(database) as works:
            await all_ended(works.pool, 2)
            assert set((await statuses(works.pool)).values()) == {"EXPIRED"}
            await check_history(works)


async def test_a_repeated_start_changes_nothing(database: str) -> None:
    """Neither the timer of one that sleeps, nor one that has ended; nor does it run again."""
    async with open_works(database) as works:
        flow = await works.register(expiring(600, nap(1.0), NOTE))
        id_, command = start_command(flow)
        await tell(works, (id_, command))
        sleeping = "SELECT count(*) FROM timers WHERE due_at < now() + interval '1 minute'"
        await until(works.pool, sleeping, 1)
        await works.crash()
    async with open_works(database, alarm_horizon_s=0.1) as works:
        await tell(works, (id_, command))
        await eventually(lambda: works.metric("turnout_start_commands_repeated_total") == 1)
        await all_ended(works.pool, 1)
        await tell(works, (id_, command))
        await eventually(lambda: works.metric("turnout_start_commands_repeated_total") == 2)
        await check_history(works)


async def test_a_sleep_that_ends_while_suspended_counts_at_the_resumption(database: str) -> None:
    """No step starts in between; an approval given meanwhile is kept."""
    async with open_works(database) as works:
        ask = {**ASK, "depends_on": []}
        last = {**NOTE, "depends_on": ["ask", "nap"]}
        [id_] = await start(works, await works.register(workflow(ask, nap(0.5), last)))
        await until(works.pool, ASKED, 1)
        await say(works, id_, Suspend())
        await until(works.pool, "SELECT count(*) FROM executions WHERE status = 'SUSPENDED'", 1)
        signal = Decided(step_id=StepId("ask"), decision="approve", decision_id="d")
        await say(works, id_, signal)
        await until(works.pool, ASKED, 0)
        await until(
            works.pool,
            "SELECT bool_and(wake_at < now()) FROM execution_log WHERE step_id = 'nap'",
        )
        assert await statuses(works.pool) == {id_: "SUSPENDED"}
        await say(works, id_, Resume())
        await all_ended(works.pool, 1)
        await check_history(works)


async def test_many_more_timers_than_a_page_ring_once_each(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All due at the same instant, while those that woke first still run."""
    monkeypatch.setattr(sleepers, "TIMERS_MAX", 10)
    async with open_receiver() as receiver:
        async with open_works(database) as works:
            flow = await works.register(workflow(nap(3_600), receiver.step()))
            await start(works, flow, 80)
            await until(works.pool, "SELECT count(*) FROM timers", 80)
            await caught_up(works)  # what is published again after a crash is what stands below
            await works.crash()
            due_at = datetime.now(UTC) + timedelta(seconds=1)
            for moved in (
                "UPDATE timers SET due_at = $1",
                "UPDATE execution_log SET wake_at = $1 WHERE step_id = 'nap'",
            ):
                await works.pool.execute(moved, due_at)
        receiver.gate.clear()
        async with open_works(database, active_max=60) as works:
            await eventually(lambda: len(receiver.keys) == 60)
            receiver.gate.set()
            await all_ended(works.pool, 80)
            assert len(receiver.keys) == len(set(receiver.keys)) == 80
            await check_history(works)


async def told_too_late(works: Works) -> None:
    """An ended execution for which a command is still kept."""
    [id_] = await start(works, await works.register(workflow(NOTE)))
    await all_ended(works.pool, 1)
    await works.crash()
    await works.pool.execute(
        "INSERT INTO inbox SELECT id, 99, partition, '{}' FROM executions WHERE id = $1", id_
    )


async def test_what_an_ended_execution_was_told_is_dropped(database: str) -> None:
    """Though a crash kept the last owner from doing so; a cancellation after the end as well."""
    async with open_works(database) as works:
        await told_too_late(works)
    async with open_works(database) as works:
        await until(works.pool, "SELECT count(*) FROM inbox", 0)
        await cancel(works, *await statuses(works.pool))
        await check_history(works)
