"""When an execution that a caller starts expires, as far as the caller says it."""

from datetime import datetime, timedelta
from typing import Final

from services.api.http.query_strings import Moment
from shared.domain.errors import Invalid
from shared.domain.values import WAIT_S_MAX, Duration, Strict
from shared.domain.workflows import Policy
from shared.wire.strict_json import invalid

BAD_EXPIRY: Final = "BAD_EXPIRY"


class ExpiryRequest(Strict):
    """Either of the two, or neither: then the workflow's policy says it."""

    expires_at: Moment | None = None
    expires_after_s: Duration | None = None


def expiry_of(asked: ExpiryRequest, policy: Policy, now: datetime) -> datetime | None:
    """The time that ``asked`` names; None: it names none.

    Raises Invalid for both at once, for the past, and for what the policy or the longest wait
    does not allow.
    """
    at, after_s = asked.expires_at, asked.expires_after_s
    if at is not None and after_s is not None:
        raise _bad("", "Say either 'expires_at' or 'expires_after_s', not both.")
    if at is None and after_s is None:
        return None
    pointer = "/expires_after_s" if at is None else "/expires_at"
    left_s = after_s if at is None else (at - now).total_seconds()
    assert left_s is not None, "one of the two is there"
    least_s = policy.expiry_min_s or 0.0
    most_s = min(policy.expiry_max_s or WAIT_S_MAX, WAIT_S_MAX)
    if left_s <= 0:
        raise _bad(pointer, "It has passed; name a time to come.")
    if not least_s <= left_s <= most_s:
        raise _bad(pointer, f"Name a time {least_s:.12g} to {most_s:.12g} seconds from now.")
    return now + timedelta(seconds=left_s)


def _bad(pointer: str, detail: str) -> Invalid:
    return invalid(pointer, BAD_EXPIRY, detail)
