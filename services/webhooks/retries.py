"""When a delivery is attempted again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Final

from services.webhooks.settings import DeliverySettings
from shared.db.webhook_deliveries import Claimed
from shared.domain.subscriptions import TEST, WebhookFormat
from shared.domain.values import DAY_S
from shared.egress.retry_after import retry_after_s

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
    asked_s = min(retry_after_s(headers, now) or 0.0, DAY_S)
    return now + timedelta(seconds=max(pause_s, asked_s))
