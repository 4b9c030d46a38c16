"""The life of one execution in memory: look what is to be done, do it, write it down, again."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.executor.compute import compute
from services.executor.ledger import Ledger
from services.executor.metrics import ExecutorMetrics
from services.executor.perform import Tools, perform
from services.executor.runs import Performing, Run, Word
from services.executor.waiting import must_look_back, silent_tasks
from shared.domain import decide
from shared.domain.executions import Status
from shared.domain.ids import ExecutionId
from shared.domain.outcomes import Interrupted
from shared.domain.readiness import RunStep, Todo, is_wanted, todo
from shared.domain.signals import Arrived, Beat, ChildEnded, Signal, TaskEnded, TurnCame
from shared.domain.story import Transition, merged
from shared.wire.commands import Cancel

LookBack = Callable[[Run], Awaitable[Sequence[Arrived | TurnCame] | None]]
"""The events, and the turn, that came before an execution began to wait; None: not now."""

ResultOf = Callable[[ExecutionId], Awaitable[Any]]
"""The result of an execution that has ended."""

Answered = Callable[[Run, TaskEnded], Awaitable[TaskEnded | None]]
"""A worker's answer, held against what the action promises; None: not now."""

Beats = Callable[[Run], Awaitable[Sequence[Beat]]]
"""The signs of life of the remote tasks that an execution waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """What a life needs."""

    tools: Tools
    metrics: ExecutorMetrics
    chance: random.Random
    look_back: LookBack
    result_of: ResultOf
    answered: Answered
    beats: Beats


async def live(run: Run, ledger: Ledger, needs: Living) -> datetime | None:
    """Run an execution until it ends, its partition drains, or it waits.

    Gives the time at which it wants to wake, or None.
    """
    return await _Life(run, ledger, needs).live()


class _Life:
    def __init__(self, run: Run, ledger: Ledger, needs: Living) -> None:
        self._run = run
        self._ledger = ledger
        self._needs = needs
        self._clock = needs.tools.clock
        self._tasks = asyncio.TaskGroup()

    async def live(self) -> datetime | None:
        run = self._run
        async with self._tasks:
            while True:
                is_clear = await self._attend()
                if run.state.status.is_terminal:
                    return None
                if run.owned.is_draining and not run.performing:
                    return None
                if run.owned.is_draining or not is_clear:
                    await self._some_end(None)
                    continue
                work = self._work()
                if not await self._carry_out(work.runs, work.wake_at):
                    if run.timer_at == work.wake_at:
                        return work.wake_at
                    await self._set_timer(work.wake_at)

    def _work(self) -> Todo:
        """What is to be done now."""
        run, last = self._run, self._run.latest
        if last is not None and last.runs and last.wake_at is None and not run.state.pending:
            # Told with the transition, and nothing in it depends on the time.
            runs = tuple(effect for effect in last.runs if effect.key not in run.performing)
            return Todo(runs=runs)
        return todo(run.plan, run.state, self._clock.now(), run.performing)

    async def _carry_out(self, runs: Sequence[RunStep], wake_at: datetime | None) -> bool:
        """Begin what is to be done and see some of it end; False: there is nothing to do."""
        run = self._run
        is_alone = not (run.performing or run.broken)
        if is_alone and (computed := await self._compute(runs, wake_at, is_patient=True)):
            await self._write(merged(computed))
            return True
        if run.told or run.owned.is_draining:  # while it waited: a cancellation comes first
            return True
        for effect in runs:
            performing = Performing(effect=effect, started_at=self._clock.now())
            run.performing[effect.key] = performing
            self._tasks.create_task(self._perform(performing))
        if run.performing:
            await self._some_end(wake_at)
            return True
        return bool(run.told or run.must_look_back)

    async def _compute(
        self, runs: Sequence[RunStep], wake_at: datetime | None, *, is_patient: bool = False
    ) -> Sequence[Transition]:
        """What follows by computing alone."""
        needs = self._needs
        return await compute(
            self._run,
            runs,
            needs.tools,
            chance=needs.chance.random(),
            wake_at=wake_at,
            is_patient=is_patient,
        )

    async def _set_timer(self, wake_at: datetime | None) -> None:
        """Park for good what a crash left with the timer of a moment in which it ran."""
        run, now = self._run, self._clock.now()
        await self._ledger.write(
            run,
            Transition(
                state=run.state, entries=(), at=now, runs=(), is_parked=True, wake_at=wake_at
            ),
        )

    async def _perform(self, performing: Performing) -> None:
        if performing.is_broken:  # before it has begun
            performing.outcome = Interrupted()
        else:
            performing.outcome = await perform(self._run, performing, self._needs.tools)
        performing.ended_at = self._clock.now()
        self._run.ended.append(performing)
        self._run.changed.set()

    async def _some_end(self, wake_at: datetime | None) -> None:
        """Wait until a step has ended, something was told, or it is time; write what ended."""
        wait_s = None
        if wake_at is not None:
            wait_s = max(0.0, (wake_at - self._clock.now()).total_seconds())
        await self._clock.wait(self._run.changed, wait_s)
        self._run.changed.clear()  # before looking: what ends while it is written counts as well
        await self._write_ended()

    async def _write_ended(self) -> None:
        """Make the outcomes of the steps that have ended durable, with what they come to."""
        run = self._run
        found: list[Transition] = []
        for performing in run.ended:
            effect, outcome = performing.effect, performing.outcome
            assert outcome is not None, "it has ended"
            assert performing.ended_at is not None, "it has ended"
            del run.performing[effect.key]
            if not is_wanted(run.state, effect.key):
                continue
            if isinstance(outcome, Interrupted):
                if run.state.failing is None:  # else no end is coming in which to note it
                    run.broken[effect.key] = performing.underway
                continue
            transition = decide.apply(
                run.plan,
                run.state,
                effect,
                outcome,
                started_at=performing.started_at,
                now=performing.ended_at,
                chance=self._needs.chance.random(),
                underway=run.underway(run.state),
            )
            run.state = transition.state
            found.append(transition)
        run.ended.clear()
        if not found:
            return
        if not (run.performing or run.broken):
            # It waits for no turn: were it to crash before these are durable, they would be done
            # once more.
            found += await self._compute(found[-1].runs, found[-1].wake_at)
        await self._write(merged(found))

    async def _attend(self) -> bool:
        """Take in what the execution was told, and what time has brought.

        False: its end has come, and the steps that are being performed are to end first.
        """
        run = self._run
        if run.fault is not None and not run.state.status.is_terminal:
            await self._write(decide.fail(run.plan, run.state, run.fault, now=self._clock.now()))
        if run.must_look_back:
            await self._look_back()
        for offset in sorted(run.told):
            if not await self._take_in(offset, run.told[offset]):
                return False
        state = run.state
        if state.pending or state.expires_at is not None or state.failing is not None:
            return await self._pass_time()
        return True  # nothing of it depends on the time

    async def _pass_time(self) -> bool:
        """Let happen what time has brought; False as in ``_attend``."""
        run = self._run
        expires_at = run.state.expires_at
        is_late = expires_at is not None and expires_at <= self._clock.now()
        if is_late and run.performing and run.state.failing is None:
            run.break_off()
            return False
        if silent_tasks(run.state, self._clock.now()):
            for beat in await self._needs.beats(run):
                await self._hear(beat)
        while (transition := self._elapsed()) is not None:
            await self._write(transition)
        return True

    async def _take_in(self, offset: int, word: Word) -> bool:
        """Take one command in, unless others come first; False while steps have to end first."""
        run, now = self._run, self._clock.now()
        transition: Transition | None
        if offset in run.taken:
            transition = None
        elif isinstance(word, Cancel):
            if run.performing and run.state.failing is None:
                run.break_off()
                return False
            transition = decide.cancel(run.plan, run.state, now=now, underway=run.broken)
            run.broken.clear()
        else:
            signal: Signal = word.signal
            if isinstance(signal, ChildEnded) and signal.status is Status.COMPLETED:
                result = await self._needs.result_of(ExecutionId(UUID(signal.execution_id)))
                signal = replace(signal, output=result)
            elif isinstance(signal, TaskEnded):
                if (checked := await self._needs.answered(run, signal)) is None:
                    await self._write_ended()  # what else came first is to follow
                    return True
                signal = checked
            transition = self._heard(signal)
        if transition is None:
            self._ledger.take_in(run, offset)
        else:
            await self._write(transition, taken_in=(offset,))
        del run.told[offset]
        run.taken.add(offset)
        return True

    def _heard(self, signal: Signal) -> Transition | None:
        run = self._run
        return decide.hear(
            run.plan,
            run.state,
            signal,
            now=self._clock.now(),
            chance=self._needs.chance.random(),
            underway=run.underway(run.state),
        )

    async def _hear(self, signal: Arrived | TurnCame | Beat) -> None:
        if (transition := self._heard(signal)) is not None:
            await self._write(transition)

    async def _look_back(self) -> None:
        """See whether what the execution waits for came before it waited."""
        run = self._run
        if (found := await self._needs.look_back(run)) is None:
            return
        run.must_look_back = False
        for arrived in found:
            await self._hear(arrived)
        self._ledger.looked_back(run)

    def _elapsed(self) -> Transition | None:
        """One thing that time has brought, if any."""
        run = self._run
        return decide.elapse(
            run.plan,
            run.state,
            now=self._clock.now(),
            chance=self._needs.chance.random(),
            underway=run.underway(run.state),
        )

    async def _write(self, transition: Transition, taken_in: Sequence[int] = ()) -> None:
        run = self._run
        run.state = transition.state
        run.must_look_back |= must_look_back(run.written, run.state)
        await self._ledger.write(run, transition, taken_in=taken_in)
        run.written, run.latest = transition.state, transition
        for key, performing in run.performing.items():
            if not is_wanted(run.state, key):
                performing.break_off()
        self._needs.metrics.wrote([(run.plan, run.origin.environment_id, transition)])
