"""Which outcomes an execution takes over from the one that it repeats."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.attempts import left_out
from shared.domain.executions import Attempt, AttemptStatus, State
from shared.domain.ids import StepId, compensation_key
from shared.domain.outcomes import ErrorKind
from shared.domain.plans import ANNOTATE, TURN, Plan
from shared.domain.steps import OnFailure, StepKind

TAKEN_OVER = frozenset({AttemptStatus.COMPLETED, AttemptStatus.SKIPPED})
"""How a step ended whose outcome any other execution may take over."""


_GOES_ON = frozenset({OnFailure.CONTINUE, OnFailure.BRANCH})


def inherited(plan: Plan, state: State, step_id: StepId | None) -> Sequence[Attempt]:
    """What was settled, but for ``step_id`` and what was undone, and all that comes after them.

    Without a ``step_id``, but for what failed, was undone or was not settled, and all after it. In
    the order in which it was settled. Items and compensations stay behind: the outcome of their
    step says what there is to say. So does the turn, which is no one else's to take.
    """
    settled = state.settled
    again = [step.id for step in plan.steps if was_undone(state, StepId(step.id))]
    if step_id is not None:
        kept, again = gone_past(plan, state), [*again, step_id]
    else:
        kept = frozenset[StepId]()
        # One that waited for its turn in vain had taken over all that others before it did.
        steps = (StepId(step.id) for step in plan.steps if step.id != TURN)
        again += [key for key in steps if key not in settled or not _is_done(settled[key])]
    left = plan.after(again) | {TURN}
    return [
        attempt
        for key, attempt in settled.items()
        if key in plan.by_id and key not in left and (key in kept or _is_done(attempt))
    ]


def gone_past(plan: Plan, state: State) -> frozenset[StepId]:
    """The steps that failed, and after which the execution went on.

    Not those that failed while it undid others: none of them was tried as often as it may be.
    """
    found: set[StepId] = set()
    if state.failing is not None and state.failing.kind is ErrorKind.HISTORY:
        return frozenset()  # no step says when it began to undo
    for key, attempt in state.settled.items():
        step = plan.by_id.get(key)
        if step is None or attempt.status is not AttemptStatus.FAILED:
            continue
        if step.on_failure is OnFailure.COMPENSATE:
            break
        if step.on_failure in _GOES_ON and step.kind is not StepKind.TERMINATE:
            found.add(key)
    return frozenset(found)


def was_undone(state: State, step_id: StepId) -> bool:
    """Whether the execution has undone a step."""
    undoing = state.settled.get(compensation_key(step_id))
    return undoing is not None and undoing.status is AttemptStatus.COMPLETED


def was_kept_out(state: State) -> bool:
    """Whether the workflow's filters were false once its annotations had been looked up."""
    looked_up = state.settled.get(StepId(ANNOTATE))
    if looked_up is None or looked_up.status is not AttemptStatus.COMPLETED:
        return False
    return "filters" in looked_up.output


def _is_done(attempt: Attempt) -> bool:
    return attempt.status in TAKEN_OVER


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
