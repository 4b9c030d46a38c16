"""How long to wait before a failed step is tried again."""

from shared.domain.outcomes import StepError
from shared.domain.workflows import Retry


def delay_s(policy: Retry, *, attempt: int, error: StepError, chance: float) -> float:
    """Seconds between attempt ``attempt`` (from 1) and the next.

    Exponential backoff, of which the share ``policy.jitter`` is drawn by ``chance`` in [0, 1)
    ("equal jitter" for 0.5, "full jitter" for 1.0). A receiver's ``Retry-After`` is the least,
    within the policy's longest interval.
    """
    # Ten to the 300th is still a float; the longest interval holds long before.
    power = min(attempt - 1, 300)
    full = min(policy.initial_interval_s * policy.backoff**power, policy.max_interval_s)
    jittered = full * (1 - policy.jitter) + full * policy.jitter * chance
    asked = min(error.retry_after_s or 0.0, policy.max_interval_s)
    return max(jittered, asked)
