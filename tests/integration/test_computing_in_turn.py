"""What steps compute holds nobody up for long, and who waits for a turn loses nothing by it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from services.executor import compute, lanes, perform
from services.executor.perform import outcome_of
from services.executor.prepare import prepare
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.integration.test_computing import log_of
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.lined_up import go_on, nobody_served, waiting
from tests.support.works import (
    all_ended,
    cancel,
    check_history,
    open_works,
    start,
    statuses,
    transform,
    until,
    workflow,
)

OTHER = UUID(int=7)
LITTLE_S = 1e-9
"""A stretch of it is over after one evaluation, however quick."""
CALLED = "SELECT count(*) FROM execution_log WHERE step_id = 'call'"
ADMITTED = "SELECT count(*) FROM executions"


class Passes:
    """Counts the passes of the event loop, and what is done in each."""

    def __init__(self) -> None:
        self.done = Counter[int]()
        self._number = 0
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def counted(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """``work``, counted."""

        def count(*given: Any, **named: Any) -> Any:
            self.done[self._number] += 1
            return work(*given, **named)

        return count

    def stop(self) -> None:
        """Count no more."""
        self._handle.cancel()

    def _next(self) -> None:
        self._number += 1
        self._handle = asyncio.get_running_loop().call_soon(self._next)


def hold_the_loop(seconds: float) -> None:
    """Compute for so long, however quick the machine is."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        pass


async def test_many_that_become_ready_at_once_compute_in_many_passes(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group commit wakes them all: were they to compute at once, nobody else would work."""
    monkeypatch.setattr(lanes, "STRETCH_S", LITTLE_S)
    passes = Passes()
    monkeypatch.setattr(compute, "outcome_of", passes.counted(outcome_of))
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        flow = await works.register(workflow(receiver.step(), transform("one", "1")))
        ids = await start(works, flow, 60)
        await eventually(lambda: len(receiver.keys) == len(ids))
        receiver.gate.set()
        await all_ended(works.pool, len(ids))
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        assert sum(passes.done.values()) == len(ids)
        # The counter has its place in a pass, too: what is before it in one is of the last number.
        assert max(passes.done.values()) <= 2
        await check_history(works)
    passes.stop()


async def test_the_items_of_a_loop_are_prepared_in_many_passes(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them evaluates its input before it calls anybody."""
    monkeypatch.setattr(lanes, "STRETCH_S", LITTLE_S)
    passes = Passes()
    monkeypatch.setattr(perform, "prepare", passes.counted(prepare))
    async with open_receiver() as receiver, open_works(database) as works:
        call = receiver.step()
        loop = {
            "id": "loop",
            "kind": "iterator",
            "iterator": {
                "items": {"lang": "jsonata", "src": "[1..50]"},
                "concurrency": 50,
                "body": {"action": call["action"], "input": call["input"]},
            },
        }
        await start(works, await works.register(workflow(loop)))
        await all_ended(works.pool, 1)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        assert len(receiver.keys) == 50
        assert max(passes.done.values()) <= 2
        await check_history(works)
    passes.stop()


async def test_an_expression_that_fails_is_evaluated_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried anew only where there are other secrets now."""
    passes = Passes()
    monkeypatch.setattr(perform, "prepare", passes.counted(prepare))
    async with open_works(database) as works:
        fails = {"lang": "jsonata", "src": "{'url': $error('no')}"}
        step = {"id": "call", "action": "http_request", "input": fails}
        await start(works, await works.register(workflow(step)))
        await all_ended(works.pool, 1)
        assert sum(passes.done.values()) == 1
    passes.stop()


async def test_another_environment_goes_on_while_one_computes_for_long(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait until everything that has lined up is done."""
    seen: list[str] = []

    async with (
        open_receiver() as receiver,
        open_receiver() as others,
        open_works(database) as works,
    ):

        def noted(run: Any, *given: Any) -> Any:
            seen.append(run.origin.environment)
            others.gate.set()  # once the first computes
            if seen[-1] == str(DEFAULT_ENVIRONMENT):
                hold_the_loop(2 * lanes.BRIEF_S)
            return outcome_of(run, *given)

        monkeypatch.setattr(compute, "outcome_of", noted)
        receiver.gate.clear()
        others.gate.clear()
        slow = await works.register(workflow(receiver.step(), transform("one", "1")))
        quick = await works.register(
            workflow(others.step(), transform("one", "1")), environment_id=OTHER
        )
        ids = await start(works, slow, 30)
        await start(works, quick)
        await eventually(lambda: len(receiver.keys) + len(others.keys) == len(ids) + 1)
        receiver.gate.set()
        await all_ended(works.pool, len(ids) + 1)
        before = seen[: seen.index(str(OTHER))].count(str(DEFAULT_ENVIRONMENT))
        assert before < len(ids)
        assert works.metric("turnout_computing_slow_seconds_total") > 0
        await check_history(works)


async def test_commands_wait_for_no_turn(database: str) -> None:
    """Executions are admitted, and compute in their turn what else would come with that."""
    async with open_works(database) as works:
        with nobody_served():
            flow = await works.register(workflow(transform("one", "1")))
            await start(works, flow, 20)
            await until(works.pool, ADMITTED, 20)
            await eventually(lambda: waiting(works) == 20)
        await go_on(works)
        await all_ended(works.pool, 21)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        await check_history(works)


async def test_an_outcome_waits_for_no_turn(database: str) -> None:
    """The line may be long: what was called is in the log all the same."""
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        flow = await works.register(workflow(receiver.step(), transform("one", "1")))
        (id_,) = await start(works, flow)
        await eventually(lambda: bool(receiver.keys))
        with nobody_served():
            receiver.gate.set()
            await until(works.pool, CALLED, 1)
            await eventually(lambda: waiting(works) == 1)
            assert [entry["step_id"] for entry in await log_of(works, id_)][-1] == "call"
        await go_on(works)
        await all_ended(works.pool, 2)
        assert len(receiver.keys) == 1
        await check_history(works)


async def test_a_cancellation_waits_for_no_turn(database: str) -> None:
    """Neither of one that computes, nor of one that is to call somebody."""
    async with open_receiver() as receiver, open_works(database) as works:
        with nobody_served():
            computes = await works.register(workflow(transform("one", "1")))
            calls = await works.register(workflow(receiver.step()))
            ids = [*await start(works, computes, 3), *await start(works, calls, 3)]
            await eventually(lambda: waiting(works) == 6)
            await cancel(works, *ids)
            await all_ended(works.pool, 6)
            assert set((await statuses(works.pool)).values()) == {"CANCELLED"}
        assert receiver.keys == []
        await check_history(works)


async def test_an_execution_expires_in_the_line(database: str) -> None:
    """Its time goes on."""
    async with open_works(database) as works:
        with nobody_served():
            flow = await works.register(
                {**workflow(transform("one", "1")), "policy": {"expires_after_s": 1}}
            )
            (id_,) = await start(works, flow)
            await all_ended(works.pool, 1)
            assert (await statuses(works.pool))[id_] == "EXPIRED"
        await check_history(works)


async def test_the_time_of_an_attempt_stands_still_in_the_line(database: str) -> None:
    """It waits for longer than it may take, and is made then."""
    async with open_receiver() as receiver, open_works(database) as works:
        with nobody_served():
            flow = await works.register(workflow(receiver.step(timeout_s=1.0)))
            (id_,) = await start(works, flow)
            await eventually(lambda: waiting(works) == 1)
            began_s = works.platform.clock.monotonic()
            await eventually(lambda: works.platform.clock.monotonic() > began_s + 1.5)
            assert receiver.keys == []
        await go_on(works)
        await all_ended(works.pool, 2)
        assert (await statuses(works.pool))[id_] == "COMPLETED"
        await until(works.pool, CALLED, 1)  # no attempt has failed
        await check_history(works)


async def test_who_waits_in_the_line_is_handed_over(database: str) -> None:
    """At the end of its partition nothing of it is half done: its next owner does it."""
    async with open_receiver() as receiver:
        with nobody_served():
            async with open_works(database, drain_s=30) as works:
                computes = await works.register(workflow(transform("one", "1")))
                calls = await works.register(workflow(receiver.step()))
                for flow in (computes, calls):
                    await start(works, flow, 5)
                await eventually(lambda: waiting(works) == 10)
                began_s = works.platform.clock.monotonic()
            assert works.platform.clock.monotonic() - began_s < 20, "it waited for its grace"
        async with open_works(database) as works:
            await all_ended(works.pool, 10)
            assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
            assert len(receiver.keys) == len(set(receiver.keys)) == 5
            await check_history(works)


async def test_who_waits_in_the_line_is_found_after_a_crash(database: str) -> None:
    """Nothing of a place is durable, and nothing has to be."""
    async with open_receiver() as receiver:
        with nobody_served():
            async with open_works(database) as works:
                computes = await works.register(workflow(transform("one", "1")))
                calls = await works.register(workflow(receiver.step()))
                for flow in (computes, calls):
                    await start(works, flow, 5)
                await eventually(lambda: waiting(works) == 10)
                await works.crash()
        async with open_works(database) as works:
            await all_ended(works.pool, 10)
            assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
            assert len(receiver.keys) == 5
            await check_history(works)
