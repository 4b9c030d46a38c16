"""How far a member is behind, looked at now and then."""

from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Gauge

from shared.bus.protocol import Subscription
from shared.domain.errors import Unavailable
from shared.runtime.clock import Clock
from shared.runtime.roles import heed_cancellation

LOOK_EVERY_S: Final = 5.0

log = structlog.get_logger(__name__)


def lag_gauge(registry: CollectorRegistry, role: str) -> Gauge:
    """The metric of a role that reads topics, by topic and partition."""
    return Gauge(
        f"turnout_{role}_lag_records",
        "Records not fetched yet, of the partitions that this process owns.",
        ["topic", "partition"],
        registry=registry,
    )


async def watch_lag(
    subscription: Subscription, gauge: Gauge, clock: Clock, *, every_s: float = LOOK_EVERY_S
) -> None:
    """Keep ``gauge`` at the lag, until cancelled; a partition that went away is forgotten."""
    try:
        while True:
            try:
                lag = await subscription.lag()
            except Unavailable as error:  # whoever fetches tells of it
                heed_cancellation()
                log.debug("lag_unknown", reason=error.message)
            else:
                gauge.clear()
                for at, records in lag.items():
                    gauge.labels(at.topic, at.partition).set(records)
            await clock.sleep(every_s)
    finally:
        gauge.clear()
