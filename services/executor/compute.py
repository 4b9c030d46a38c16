"""Steps that only compute: done one after another, and written down together.

Nobody outside sees anything of such a step before its outcome is durable, and after a crash it is
computed again. So what follows of it by computing alone need not wait until it is on disk; before
anything is sent, and before anything is published, all of it is.
"""

from collections.abc import Sequence
from datetime import datetime

from services.executor.perform import Tools, outcome_of
from services.executor.prepare import is_brief
from services.executor.runs import Run
from shared.domain import decide
from shared.domain.readiness import RunStep
from shared.domain.story import Transition

ENTRIES_MAX = 100
AT_ONCE_S = 0.05
"""So many log entries are written at once at most, and so long is computed before others have
their turn."""


async def compute(
    run: Run,
    runs: Sequence[RunStep],
    tools: Tools,
    *,
    chance: float,
    wake_at: datetime | None = None,
    must_settle: bool = False,
) -> list[Transition]:
    """What follows of ``runs`` by computing alone; ``run.state`` has gone along.

    It stops where anything else is to be done, when ``wake_at`` has come or the execution was told
    something, and with ``must_settle`` before a step that would not be settled at once.
    """
    names = await tools.secrets.names(run.origin.environment_id)
    found: list[Transition] = []
    written, now = 0, tools.clock.now()
    until_s = tools.clock.monotonic() + AT_ONCE_S
    while runs and not run.told and written < ENTRIES_MAX:
        if tools.clock.monotonic() > until_s or not all(map(is_brief, runs)):
            break
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
    return found
