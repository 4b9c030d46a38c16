"""What an iterator came to, once its items have ended."""

from shared.domain.executions import Attempt, AttemptStatus, State
from shared.domain.ids import StepId, item_key
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome, StepError
from shared.domain.plans import Plan
from shared.domain.readiness import items_of


def iterated(plan: Plan, state: State, key: StepId, last: Attempt) -> Outcome | None:
    """The outcome of the iterator ``key``; None while there is more to do, or if it is none.

    ``last`` was written last: the iterator itself, or one of its items. The outputs are in the
    order of the items; one that failed or was skipped leaves None.
    """
    pending = state.pending.get(key)
    items = None if pending is None else items_of(pending)
    if pending is None or items is None:
        return None
    iterator = plan.by_id[key].iterator
    assert iterator is not None, "an iterator has its block"
    given = pending.attempt.input
    if last.status is AttemptStatus.FAILED and iterator.on_item_failure == "abort":
        said = last.error.message if last.error is not None else "it failed"
        error = StepError(kind=ErrorKind.ITEM, message=f"Item {last.step_id}: {said}")
        return Failed(input=given, error=error)
    outputs = []
    for index in reversed(range(len(items))):  # the last items are those most likely to be missing
        ended = state.settled.get(item_key(key, index))
        if ended is None:
            return None
        outputs.append(ended.output)
    return Completed(input=given, output=outputs[::-1])
