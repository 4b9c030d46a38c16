"""What an iterator came to, once its items have ended or their outputs are too large together."""

from shared.domain.executions import Attempt, AttemptStatus, State
from shared.domain.ids import StepId, item_key
from shared.domain.lengths import KEPT_BYTES_MAX, unkept
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome, StepError
from shared.domain.plans import Plan
from shared.domain.readiness import items_of

_LARGE_BYTES = KEPT_BYTES_MAX // 16
"""After an output above it the list is measured at once, which happens 17 times at most."""


def iterated(plan: Plan, state: State, key: StepId, last: Attempt) -> Outcome | None:
    """The outcome of the iterator ``key``; None while there is more to do, or if it is none.

    ``last`` was written last: the iterator itself, or one of its items. The outputs are in the
    order of the items; one that failed or was skipped leaves None. Together they may be as large
    as any output: what is over that ends the iterator, as far as it has come.
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
    # The last items are those most likely to be missing.
    is_over = all(item_key(key, index) in state.settled for index in reversed(range(len(items))))
    if not (is_over or (last.status.settles and unkept(last.output, "", _LARGE_BYTES))):
        return None
    ended = (state.settled.get(item_key(key, index)) for index in range(len(items)))
    outputs = [attempt.output for attempt in ended if attempt is not None]
    if (fault := unkept(outputs, "output")) is not None:
        return Failed(input=given, error=fault)
    return Completed(input=given, output=outputs) if is_over else None
