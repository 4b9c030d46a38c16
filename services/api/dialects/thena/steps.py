"""A step in Thena's words as a step of Turnout's."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.thena.request import (
    ThenaActivity,
    ThenaApprover,
    ThenaCompensation,
    ThenaRetry,
    ThenaStep,
)
from shared.domain.steps import (
    ATTEMPTS_MAX,
    Approval,
    Approver,
    Compensation,
    OnFailure,
    Retry,
    Sleep,
    Step,
    StepKind,
)
from shared.domain.values import DAY_S, WAIT_S_MAX, Lang, Value

SLEEP_ACTIVITY: Final = "workflows:sleep-platform"
"""What sleeps is told by its activity; that ``isSleepActivity`` says so as well means nothing."""

_BACKOFF_MAX: Final = 10.0
_LONGEST: Final = 100
"""Of the first interval: so long is none, as in Temporal, whose words these are."""

_LONGEST_S_MIN: Final = 60.0
_UNITS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        "duration": timedelta(seconds=1),
        "seconds": timedelta(seconds=1),
        "minutes": timedelta(minutes=1),
        "hours": timedelta(hours=1),
        "days": timedelta(days=1),
    }
)


def step_of(written: ThenaStep) -> Step:
    """The step that ``written`` asks for; what Turnout bounds is done at its bound."""
    common: dict[str, Any] = {
        "id": str(written.step_identifier),
        "filters": written.filters or None,
        "depends_on": tuple(written.dependencies),
        "on_failure": OnFailure(written.on_failure.lower()),
        "approval": _approval(written.approver) if written.needs_approval else None,
        "compensation": _compensation(written.compensation_activity),
    }
    if written.activity.unique_identifier == SLEEP_ACTIVITY:
        return Step(kind=StepKind.SLEEP, **common, **_sleep(written.input))
    return Step(
        **common,
        **_call(written.activity),
        input=_value(written.input),
        retry=_retry(written.retry_policy or ThenaRetry()),
        timeout_s=min(written.execution_timeout, DAY_S) or None,
    )


def _call(activity: ThenaActivity) -> dict[str, Any]:
    """A version that is upgraded anyway says nothing, and need not be there."""
    pinned = not activity.auto_upgrade_to_latest_version
    return {
        "action": activity.unique_identifier,
        "action_version": activity.version if pinned else None,
        "auto_upgrade": not pinned,
    }


def _value(tree: dict[str, Any]) -> Value:
    return Value(lang=Lang.THENA, src=tree)


def _retry(policy: ThenaRetry) -> Retry:
    first_s = min(policy.initial_interval, DAY_S)
    return Retry(
        max_attempts=min(policy.maximum_attempts, ATTEMPTS_MAX),
        initial_interval_s=first_s,
        backoff=min(policy.backoff_coefficient, _BACKOFF_MAX),
        max_interval_s=min(max(first_s * _LONGEST, _LONGEST_S_MIN), DAY_S),
    )


def _approval(approver: ThenaApprover | None) -> Approval:
    """Nobody in particular may say yes: an approver without a uid is a fault of the definition."""
    asked = approver or ThenaApprover()
    return Approval(
        approver=Approver(type="team" if asked.type == "TEAM" else "user", id=asked.uid or None),
        timeout_s=min(asked.timeout, WAIT_S_MAX) or None,
    )


def _compensation(written: ThenaCompensation | None) -> Compensation | None:
    if written is None or written.activity is None:
        return None
    given = None if written.input is None else _value(written.input)
    return Compensation(**_call(written.activity), input=given)


def _sleep(given: Mapping[str, Any]) -> dict[str, Any]:
    """How long, as the input says: an instant, numbers, or a template that comes to seconds.

    An input that says nothing of it makes a sleep that does not either, which cannot run.
    """
    said = {unit: given[unit] for unit in _UNITS if unit in given}
    if isinstance(until := given.get("until"), str):
        return {"input": _value({"until": until})}
    if said and all(_is_number(amount) for amount in said.values()):
        length_s = sum(amount * _UNITS[unit].total_seconds() for unit, amount in said.items())
        return {"sleep": Sleep(duration_s=length_s)} if 0 < length_s <= WAIT_S_MAX else {}
    template = said.get("duration", said.get("seconds"))
    return {"input": _value({"duration_s": template})} if isinstance(template, str) else {}


def _is_number(amount: Any) -> bool:
    return isinstance(amount, int | float) and not isinstance(amount, bool)
