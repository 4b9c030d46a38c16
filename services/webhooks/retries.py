"""When a delivery is attempted again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random
from types import MappingProxyType
from typing import Final

from services.webhooks.settings import DeliverySettings
from shared.db.webhook_deliveries import Claimed
from shared.domain.subscriptions import TEST, WebhookFormat
from shared.domain.values import DAY_S

_OF_FORMAT: Final[Mapping[WebhookFormat, Sequence[float]]] = MappingProxyType(
    {WebhookFormat.TRANSACTIONLINK: (5.0,) * 5}
)


def again_at(
    claimed: Claimed,
    settings: DeliverySettings,
    chance: Random,
    now: datetime,
    headers: Mapping[str, str],
) -> datetime | None:
    """When to attempt it again after a failure; None: no more.

    What the receiver asks for in ``Retry-After`` counts where it is longer, up to a day. A test is
    attempted once.
    """
    pauses = _OF_FORMAT.get(claimed.format, settings.retry_s)
    if claimed.kind == TEST or claimed.tries >= len(pauses):
        return None
    pause_s = pauses[claimed.tries] * (1 + settings.jitter * chance.random())
    return now + timedelta(seconds=max(pause_s, _asked_s(headers, now)))


def _asked_s(headers: Mapping[str, str], now: datetime) -> float:
    """RFC 9110 ``Retry-After``: seconds, or a date; 0 where it says nothing."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), DAY_S)
    try:
        asked_s = (parsedate_to_datetime(value) - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(0.0, asked_s), DAY_S)
