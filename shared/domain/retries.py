"""Whether and when a failed step is tried again."""

from datetime import datetime, timedelta

from shared.domain.outcomes import StepError
from shared.domain.steps import Retry


def retry_at(
    policy: Retry, *, attempt: int, error: StepError, since: datetime, now: datetime, chance: float
) -> datetime | None:
    """When the attempt after ``attempt`` (from 1) is due; None: there is none.

    ``since`` is when the first attempt began.
    """
    if not error.retryable or attempt >= policy.max_attempts or error.kind in policy.non_retryable:
        return None
    at = now + timedelta(seconds=delay_s(policy, attempt=attempt, error=error, chance=chance))
    if policy.total_s is not None and at > since + timedelta(seconds=policy.total_s):
        return None
    return at


def delay_s(policy: Retry, *, attempt: int, error: StepError, chance: float) -> float:
    """Seconds between attempt ``attempt`` (from 1) and the next.

    Exponential backoff, of which the share ``policy.jitter`` is drawn by ``chance`` in [0, 1)
    ("equal jitter" for 0.5, "full jitter" for 1.0). A receiver's ``Retry-After`` is the least:
    what is drawn comes on top of it. All within the policy's longest interval.
    """
    # Ten to the 300th is still a float; the longest interval holds long before.
    power = min(attempt - 1, 300)
    full = min(policy.initial_interval_s * policy.backoff**power, policy.max_interval_s)
    # Those who were told the same instant do not all come at it.
    least = max(full * (1 - policy.jitter), error.retry_after_s or 0.0)
    return min(least + full * policy.jitter * chance, policy.max_interval_s)
