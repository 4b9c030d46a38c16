"""An execution as its owner knows it, from its log: what runs, what waits, what is done."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, Literal

from shared.db.history import Execution
from shared.db.ledger import subject_of
from shared.db.pool import Connection
from shared.db.recovery import list_entries
from shared.db.workflows import get_version
from shared.domain.decide import restore
from shared.domain.executions import AttemptStatus, State
from shared.domain.ids import StepId
from shared.domain.outcomes import Wait, WaitKind
from shared.domain.plans import Plan, plan
from shared.domain.readiness import todo

CURRENT_MAX: Final = 200
_INSIDE: Final = frozenset({WaitKind.SLEEP, WaitKind.ITEMS, WaitKind.THROTTLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """An execution's plan, and the state that its log tells."""

    plan: Plan
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentStep:
    """A step that has begun, or may begin at once, and has not ended.

    ``subject``: what a wait of the kind ``waits_for`` is found by; ``until``: when the waiting
    ends, or the next attempt is due.
    """

    key: StepId
    attempt: int
    stands: Literal["running", "waiting", "retrying"]
    waits_for: WaitKind | None = None
    subject: str | None = None
    until: datetime | None = None


async def restore_execution(conn: Connection, execution: Execution) -> Restored:
    """The execution as it stands. Raises NotFound."""
    workflow = await get_version(conn, execution.workflow_id, execution.workflow_version)
    logs = await list_entries(conn, [execution.id])

    def fold() -> Restored:
        made = plan(workflow)
        return Restored(plan=made, state=restore(made, logs[execution.id], execution.expires_at))

    return await asyncio.to_thread(fold)


def current_steps(restored: Restored, now: datetime) -> list[CurrentStep]:
    """What an execution is at, at most ``CURRENT_MAX`` steps.

    The log has no line for a step that is being performed: whatever may run counts as running,
    except while the execution is suspended, when it is not known.
    """
    return list(islice(_current(restored.plan, restored.state, now), CURRENT_MAX))


def _current(made: Plan, state: State, now: datetime) -> Iterator[CurrentStep]:
    runs = {run.key: run.attempt for run in todo(made, state, now).runs}
    for key, pending in state.pending.items():
        attempt = pending.attempt
        if key in runs or attempt.status is AttemptStatus.APPROVED:
            continue
        wait, until = attempt.wait, attempt.wake_at
        if wait is None:
            yield CurrentStep(key=key, attempt=attempt.number, stands="retrying", until=until)
        else:
            yield CurrentStep(
                key=key,
                attempt=attempt.number,
                stands="waiting",
                waits_for=wait.kind,
                subject=_subject(wait),
                until=until,
            )
    for key, number in runs.items():
        yield CurrentStep(key=key, attempt=number, stands="running")


def _subject(wait: Wait) -> str | None:
    return None if wait.kind in _INSIDE else subject_of(wait)
