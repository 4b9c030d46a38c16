"""Who sent a webhook: whoever shows, as the address asks for it, that it knows a secret.

How long that takes tells of the secrets nothing: each is tried on every signature, and all are
compared whole.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.api.http.problems import NotLetIn
from services.api.webhooks.presets import Claim, Delivery, claim_of
from shared.domain.webhooks import TOLERANCE_S, WebhookAuth

_SECONDS: Final = re.compile(rb"[0-9]{1,12}")


def verify_sender(auth: WebhookAuth, secrets: Sequence[bytes], delivery: Delivery) -> Claim:
    """What the sender of ``delivery`` says, which is true. Raises NotLetIn, with the reason."""
    claim = claim_of(auth, delivery)
    tried = [claim.knows(secret) for secret in secrets if secret]
    able = [knows for knows in tried if knows is not None]
    is_right = [knows(given) for knows in able for given in claim.given]
    if not able:
        raise NotLetIn("none of its secrets is there and fit for this")
    if not any(is_right):
        raise NotLetIn("what it shows is by none of the secrets")
    if claim.timestamp is not None:
        _check_recent(claim.timestamp, delivery.at, auth.tolerance_s or TOLERANCE_S)
    return claim


def _check_recent(timestamp: bytes, now: datetime, tolerance_s: int) -> None:
    if not _SECONDS.fullmatch(timestamp):
        raise NotLetIn("its time is no number of seconds")
    off_s = now.timestamp() - int(timestamp)
    if abs(off_s) > tolerance_s:
        raise NotLetIn(f"it was signed {off_s:.0f} seconds ago")
