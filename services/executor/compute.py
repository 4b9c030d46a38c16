"""Steps that only compute: done one after another, and written down together.

Nobody outside sees anything of such a step before its outcome is durable, and after a crash it is
computed again. So what follows of it by computing alone need not wait until it is on disk; before
anything is sent, and before anything is published, all of it is.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from services.executor.in_turn import patiently
from services.executor.perform import Tools, outcome_of
from services.executor.prepare import is_brief
from services.executor.runs import Run
from shared.domain import decide
from shared.domain.readiness import RunStep
from shared.domain.story import Transition

ENTRIES_MAX = 100
"""So many log entries are written at once at most."""


async def compute(
    run: Run,
    runs: Sequence[RunStep],
    tools: Tools,
    *,
    chance: float,
    wake_at: datetime | None = None,
    must_settle: bool = False,
    is_patient: bool = False,
) -> Sequence[Transition]:
    """What follows of ``runs`` by computing alone; ``run.state`` has gone along.

    It stops where anything else is to be done, when ``wake_at`` has come or the execution was told
    something, and with ``must_settle`` before a step that would not be settled at once. When it is
    not free to compute, nothing follows; who ``is_patient`` waits in the lane.
    """
    names = await tools.secrets.names(run.origin.environment_id)
    if not _only_computes(run, runs):
        return ()
    work = partial(_computed, run, runs, tools, names, chance, wake_at, must_settle)
    environment, lanes = run.origin.environment, tools.lanes
    if lanes.is_free(environment):
        return lanes.at_once(environment, work)
    if not is_patient:
        return ()

    def comes_first() -> bool:
        return bool(run.told) or run.owned.is_draining

    found = await patiently(run, work, lanes, tools.clock, comes_first=comes_first, until=wake_at)
    return found or ()


def _only_computes(run: Run, runs: Sequence[RunStep]) -> bool:
    return bool(runs) and not run.told and all(map(is_brief, runs))


def _computed(
    run: Run,
    runs: Sequence[RunStep],
    tools: Tools,
    names: frozenset[str],
    chance: float,
    wake_at: datetime | None,
    must_settle: bool,  # noqa: FBT001 - by position, as ``until_s`` comes last
    until_s: float,
) -> list[Transition]:
    """One step at least, unless its time has come."""
    found: list[Transition] = []
    written, now = 0, tools.clock.now()
    while _only_computes(run, runs) and written < ENTRIES_MAX:
        if wake_at is not None and wake_at <= now:
            break
        effect, started_at = runs[0], now
        outcome = outcome_of(run, effect, tools, names, now)
        now = tools.clock.now()
        transition = decide.apply(
            run.plan,
            run.state,
            effect,
            outcome,
            started_at=started_at,
            now=now,
            chance=chance,
        )
        if must_settle and transition.state.pending:
            break
        run.state = transition.state
        found.append(transition)
        written += len(transition.entries)
        runs, wake_at = transition.runs, transition.wake_at
        if tools.clock.monotonic() > until_s:
            break
    return found
