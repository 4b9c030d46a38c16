"""Which outcomes an execution takes over from the one that it repeats."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.attempts import left_out
from shared.domain.executions import Attempt, AttemptStatus, State
from shared.domain.ids import StepId, compensation_key
from shared.domain.plans import TURN, Plan
from shared.domain.steps import StepKind

TAKEN_OVER = frozenset({AttemptStatus.COMPLETED, AttemptStatus.SKIPPED})
"""How a step ended whose outcome another execution may take over."""


def inherited(plan: Plan, state: State, step_id: StepId | None) -> Sequence[Attempt]:
    """What was settled before ``step_id``, or before what failed, was undone or was not settled.

    In the order in which it was settled. Items and compensations stay behind: the outcome of their
    step says what there is to say. So does the turn, which is no one else's to take.
    """
    if step_id is not None:
        again = plan.after([step_id])
    else:
        lost = [
            step.id
            for step in plan.steps
            if (found := state.settled.get(StepId(step.id))) is None
            or found.status not in TAKEN_OVER
            or _is_undone(state, step.id)
        ]
        again = plan.after(lost)
    return [
        attempt
        for key, attempt in state.settled.items()
        if key in plan.by_id and key not in again and attempt.status in TAKEN_OVER and key != TURN
    ]


def _is_undone(state: State, step_id: str) -> bool:
    undoing = state.settled.get(compensation_key(step_id))
    return undoing is not None and undoing.status is AttemptStatus.COMPLETED


def inherited_before(plan: Plan, state: State, step_id: StepId) -> Sequence[Attempt]:
    """What was settled of the steps that lead to ``step_id``, in whichever way it ended."""
    return [
        attempt
        for key, attempt in state.settled.items()
        if key in plan.by_id and key not in (step_id, TURN) and step_id in plan.after([key])
    ]


def taken_over(
    plan: Plan, inherited: Sequence[Attempt], only: StepId | None, now: datetime
) -> list[tuple[Attempt, bool]]:
    """The outcomes with which an execution begins, and of each whether it is its result.

    With ``only`` it does that one step, whose output it comes to, and leaves out every other one.
    """
    taken = [
        (
            replace(attempt, number=0, started_at=now, ended_at=now),
            only is None and _is_answer(plan, attempt),
        )
        for attempt in inherited
    ]
    if only is not None:
        kept = {only, TURN, *(attempt.step_id for attempt in inherited)}
        left = [StepId(step.id) for step in plan.steps if step.id not in kept]
        taken += [(left_out(key, now), False) for key in left]
    return taken


def _is_answer(plan: Plan, attempt: Attempt) -> bool:
    """Whether an outcome is what the execution answers with."""
    responds = plan.by_id[attempt.step_id].kind is StepKind.RESPOND
    return responds and attempt.status is AttemptStatus.COMPLETED
