"""What there is to know about an attempt before anything is sent: conditions, input, waits.

No I/O: an attempt is prepared into the Call of an action, or at once into its Outcome.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from services.executor.call import Call
from services.executor.runs import Run
from services.executor.view import RunView, Views
from shared.domain.frozen import frozen
from shared.domain.ids import StepId, call_key
from shared.domain.lengths import KEPT_BYTES_MAX, unkept
from shared.domain.outcomes import (
    Completed,
    ErrorKind,
    Failed,
    Outcome,
    Parked,
    Skipped,
    StepError,
    Wait,
    WaitKind,
)
from shared.domain.plans import ANNOTATE, RESULT, TURN
from shared.domain.readiness import RunStep
from shared.domain.steps import DEFAULT_CASE, FALSE, TRUE, Approval, Sleep, Step, StepKind
from shared.domain.values import WAIT_S_MAX
from shared.expr.errors import ExpressionError
from shared.wire.envelope import stamp

# What a step got and gave, and the names of both: where a record cannot hold it, it goes without.
_UNDONE_BYTES_MAX = 2 * KEPT_BYTES_MAX + 32
ITEMS_MAX = 1_000
SUBWORKFLOW = "$subworkflow"
SCHEDULE = "$schedule"
TRANSFORM = "transform"
_ACTION = StepKind.ACTION


@frozen
class Prepared:
    """A call to be made."""

    call: Call


def prepare(
    run: Run,
    effect: RunStep,
    views: Views,
    *,
    now: datetime,
    secret_names: frozenset[str] = frozenset(),
) -> Prepared | Outcome:
    """The attempt ``effect`` as a call, or as the outcome it has without one."""
    view = RunView(run, effect, views, now, secret_names)
    step = effect.step
    try:
        if not effect.is_approved and (reason := _excluded(view, effect)) is not None:
            return Skipped(reason=reason)
        if step.schedule is not None and not _is_due(run, effect):
            return Prepared(call=_call(run, effect, SCHEDULE, None, now))
        given = _input(view, run, effect)
        bytes_max = _UNDONE_BYTES_MAX if _gets_both(run, effect) else KEPT_BYTES_MAX
        if (fault := unkept(given, "input", bytes_max)) is not None:
            return Failed(error=fault)
        if (approval := step.approval) is not None and _must_ask(effect):
            return _ask(approval, given, now)
        return _begun(run, effect, view, given, now)
    except ExpressionError as error:
        return Failed(error=StepError(kind=ErrorKind.EXPRESSION, message=error.message))


def _must_ask(effect: RunStep) -> bool:
    """Whether a step with an approval still needs it; asking is all that some steps do."""
    return not effect.is_approved and effect.step.kind is not StepKind.APPROVAL


def is_brief(effect: RunStep) -> bool:
    """Whether the step only computes, and asks nobody."""
    step = effect.step
    if step.kind is _ACTION:
        return _is_value(step) and step.schedule is None
    return step.kind is not StepKind.SUBWORKFLOW


def _is_value(step: Step) -> bool:
    """Whether an action's output is its input."""
    return step.action == TRANSFORM or step.id == RESULT


def _is_due(run: Run, effect: RunStep) -> bool:
    """Whether the execution was started to do the step, for a time at which its schedule is due."""
    repeats = run.origin.lineage.repeats
    return repeats is not None and repeats.is_only and repeats.step_id == effect.key


def _excluded(view: RunView, effect: RunStep) -> str | None:
    """What keeps the step from running."""
    step = effect.step
    if effect.edges and not any(map(view.leads_on, effect.edges)):
        return "edges"
    if step.filters is not None and not view.passes(step):
        return "filters"
    if step.run_if is not None and not view.holds(step.run_if):
        return "run_if"
    return None


def _input(view: RunView, run: Run, effect: RunStep) -> Any:
    asked = run.origin.lineage.asked
    if asked is not None and effect.key in asked.overrides:
        return asked.overrides[effect.key]
    if effect.key == TURN:
        return {"key": view.resolve(effect.step.input), "most": run.plan.policy.concurrency_max}
    if _gets_both(run, effect):
        undone = run.state.settled[StepId(effect.step.id)]
        return {"input": undone.input, "output": undone.output}
    return view.resolve(effect.step.input)


def _gets_both(run: Run, effect: RunStep) -> bool:
    """Whether its input is what the step that it undoes got and gave."""
    compensation = run.plan.by_id[effect.step.id].compensation if effect.compensates else None
    return compensation is not None and compensation.input is None


def _begun(  # noqa: PLR0911 - one way a kind of step
    run: Run, effect: RunStep, view: RunView, given: Any, now: datetime
) -> Prepared | Outcome:
    step = effect.step
    match step.kind:
        case StepKind.ACTION | StepKind.SUBWORKFLOW:
            if _is_value(step):
                return Completed(input=given, output=given, is_result=step.id == RESULT)
            action = step.action or (ANNOTATE if step.kind is StepKind.ACTION else SUBWORKFLOW)
            return Prepared(call=_call(run, effect, action, given, now))
        case StepKind.TRIGGER:
            return Completed(input=given, output=run.event.payload)
        case StepKind.CONDITION:
            holds = view.holds(step.condition or "false", given)
            handle = TRUE if holds else FALSE
            return Completed(input=given, output={"result": holds}, handle=handle)
        case StepKind.SWITCH:
            taken = next((c.handle for c in step.cases if view.holds(c.when, given)), DEFAULT_CASE)
            return Completed(input=given, output={"case": taken}, handle=taken)
        case StepKind.ITERATOR:
            return _items(step, view, given)
        case StepKind.RESPOND:
            return Completed(input=given, output=given, is_result=True)
        case StepKind.TERMINATE:
            return _terminated(step, given)
        case StepKind.SLEEP | StepKind.APPROVAL | StepKind.FORM | StepKind.WAIT:
            return _parked(step, given, now)
        case _:
            assert_never(step.kind)


def _call(run: Run, effect: RunStep, action: str, given: Any, now: datetime) -> Call:
    return Call(
        origin=run.origin,
        event=run.event,
        step=effect.step,
        key=effect.key,
        action=action,
        attempt=effect.attempt,
        input=given,
        idempotency_key=call_key(run.origin.subject, effect.key),
        timeout_s=effect.step.attempt_s,
        now=now,
        room_until=_room_until(run, effect),
    )


def _room_until(run: Run, effect: RunStep) -> datetime | None:
    """The end of the window in which the attempt, having waited for it, has a place."""
    if not effect.is_approved or (pending := run.state.pending.get(effect.key)) is None:
        return None
    told = pending.attempt.output
    if not isinstance(told, dict) or told.get("kind") != WaitKind.THROTTLE:
        return None
    return datetime.fromisoformat(told["until"])


def _items(step: Step, view: RunView, given: Any) -> Outcome:
    assert step.iterator is not None, "an iterator has its block"
    items = view.resolve(step.iterator.items)
    if not isinstance(items, list):
        shown = "nothing" if items is None else type(items).__name__
        message = f"An iterator's items are a list; this came to {shown}."
        return Failed(input=given, error=StepError(kind=ErrorKind.INVALID_INPUT, message=message))
    if len(items) > ITEMS_MAX:
        message = f"{len(items)} items; an iterator takes at most {ITEMS_MAX}."
        return Failed(input=given, error=StepError(kind=ErrorKind.TOO_LARGE, message=message))
    if (fault := unkept(items, "items")) is not None:
        return Failed(input=given, error=fault)
    return Parked(input=given, wait=Wait(kind=WaitKind.ITEMS, data={"items": items}))


def _terminated(step: Step, given: Any) -> Outcome:
    terminate = step.terminate
    if terminate is None or terminate.status == "completed":
        return Completed(input=given, output=given, is_result=True, ends=True)
    said = terminate.message or (given if isinstance(given, str) else None)
    message = said or f"Step '{step.id}' ends the execution as failed."
    error = StepError(kind=ErrorKind.TERMINATED, message=message)
    return Failed(input=given, error=error, ends=True)


def _ask(approval: Approval, given: Any, now: datetime) -> Outcome:
    data = {**approval.model_dump(mode="json"), "context": given}
    wait = Wait(kind=WaitKind.APPROVAL, data=data)
    return Parked(input=given, wait=wait, wake_at=_after(now, approval.timeout_s))


def _parked(step: Step, given: Any, now: datetime) -> Outcome:
    if step.kind is StepKind.SLEEP:
        until = _until(step.sleep or Sleep(), given, now)
        wait = Wait(kind=WaitKind.SLEEP, data={"until": stamp(until)})
        return Parked(input=given, wait=wait, wake_at=until)
    if step.kind is StepKind.APPROVAL:
        return _ask(step.approval or Approval(), given, now)
    if step.kind is StepKind.FORM:
        assert step.form is not None, "a form has its block"
        data = {**step.form.model_dump(mode="json"), "context": given}
        wait = Wait(kind=WaitKind.FORM, data=data)
        return Parked(input=given, wait=wait, wake_at=_after(now, step.form.timeout_s))
    assert step.wait is not None, "a wait for an event has its block"
    data = {**step.wait.model_dump(mode="json"), "input": given}
    wait = Wait(kind=WaitKind.EVENT, data=data)
    return Parked(input=given, wait=wait, wake_at=_after(now, step.wait.timeout_s))


def _after(now: datetime, timeout_s: float | None) -> datetime | None:
    return None if timeout_s is None else now + timedelta(seconds=timeout_s)


def _until(sleep: Sleep, given: Any, now: datetime) -> datetime:
    """When a sleep ends; what the block leaves open the input says."""
    told: Mapping[str, Any] = given if isinstance(given, dict) else {}
    duration_s = sleep.duration_s if sleep.duration_s is not None else told.get("duration_s")
    until = sleep.until if sleep.until is not None else told.get("until")
    if isinstance(until, str):
        try:
            at = datetime.fromisoformat(until)
        except ValueError as error:
            raise ExpressionError("SLEEP", f"until is '{until}', no RFC 3339 time.") from error
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        duration_s = (at - now).total_seconds()
    if isinstance(duration_s, bool) or not isinstance(duration_s, int | float):
        raise ExpressionError(
            "SLEEP", "A sleep needs duration_s (seconds) or until (RFC 3339), here or as its input."
        )
    if not duration_s <= WAIT_S_MAX:
        raise ExpressionError("SLEEP", f"A sleep takes at most {WAIT_S_MAX:g} s.")
    return now + timedelta(seconds=max(0.0, float(duration_s)))
