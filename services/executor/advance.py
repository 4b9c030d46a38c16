"""The life of one execution in memory: decide, perform, write down, again."""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from services.executor.ledger import Ledger
from services.executor.metrics import ExecutorMetrics
from services.executor.perform import Tools, perform
from services.executor.runs import Run
from shared.domain import decide
from shared.domain.decide import Nothing, RunStep, Transition, WaitUntil


@dataclass(frozen=True, slots=True, kw_only=True)
class Advancing:
    """What advancing needs."""

    tools: Tools
    metrics: ExecutorMetrics
    chance: random.Random


async def advance(run: Run, ledger: Ledger, needs: Advancing) -> datetime | None:
    """Run an execution until it ends, its partition drains, or it sleeps.

    Gives the time at which it wants to wake, or None.
    """
    clock = needs.tools.clock
    while not run.owned.is_draining:
        if not run.state.status.is_terminal:
            if run.is_cancelled:
                await _write(run, decide.cancel(run.state), clock.now(), ledger, needs)
            elif run.fault is not None:
                await _write(run, decide.fail(run.state, run.fault), clock.now(), ledger, needs)
        match decide.next_effect(run.plan, run.state, clock.now()):
            case Nothing():
                return None
            case WaitUntil(at=at):
                return at
            case RunStep() as effect:
                await _step(run, effect, ledger, needs)
            case unexpected:
                assert_never(unexpected)
    return None


async def _step(run: Run, effect: RunStep, ledger: Ledger, needs: Advancing) -> None:
    clock = needs.tools.clock
    started_at = clock.now()
    outcome = await perform(run, effect, needs.tools)
    ended_at = clock.now()
    transition = decide.apply(
        run.plan,
        run.state,
        effect,
        outcome,
        started_at=started_at,
        now=ended_at,
        chance=needs.chance.random(),
    )
    await _write(run, transition, ended_at, ledger, needs)
    if (attempt := transition.entry.attempt) is not None:
        needs.metrics.attempts.labels(effect.step.action, attempt.status.value).inc()


async def _write(
    run: Run, transition: Transition, at: datetime, ledger: Ledger, needs: Advancing
) -> None:
    await ledger.write(run, transition, at)
    run.state = transition.state
    if run.state.status.is_terminal:
        needs.metrics.finished.labels(run.state.status.value).inc()
