"""What the role counts."""

from collections import Counter as Counted
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge, Histogram

from shared.bus.lag import lag_gauge
from shared.domain.ids import EnvironmentId
from shared.runtime.environment_names import EnvironmentCounter, EnvironmentNames


class WebhooksMetrics:
    """Every metric of the role, in one registry."""

    def __init__(self, registry: CollectorRegistry, names: EnvironmentNames) -> None:
        self._names = names

        def counter(name: str, told: str, *labels: str) -> EnvironmentCounter:
            return EnvironmentCounter(
                f"turnout_{name}", told, labels, names=names, registry=registry
            )

        self.wanted = counter("webhooks_wanted", "Deliveries that subscriptions asked for.")
        self.attempts = counter(
            "webhook_attempts", "Attempts at deliveries, by how they went.", "outcome"
        )
        self.given_up = counter(
            "webhooks_given_up", "Deliveries after whose last attempt there is no other."
        )
        self.disablings = counter(
            "webhook_disablings",
            "Subscriptions that were disabled because nothing could be delivered.",
        )
        self.seconds = Histogram(
            "turnout_webhook_attempt_seconds",
            "Seconds that an attempt took.",
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.dead_letters = counter(
            "webhooks_dead_letters", "Records that are no result.", "reason"
        )
        self.lag = lag_gauge(registry, "webhooks")
        self._now(registry)

    def _now(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, told: str) -> Gauge:
            return Gauge(f"turnout_{name}", told, registry=registry)

        self.in_flight = gauge("webhooks_in_flight", "Attempts under way.")
        self.overdue_seconds = gauge(
            "webhooks_overdue_seconds",
            "Seconds since the oldest delivery was due that has not been claimed.",
        )
        self.due = gauge(
            "webhook_subscriptions_due",
            "Subscriptions with deliveries that are due, as last looked at.",
        )
        self._disabled = Gauge(
            "turnout_webhook_subscriptions_disabled",
            "Subscriptions that are disabled because nothing could be delivered.",
            ("environment",),
            registry=registry,
        )
        # There is always one, so that none at all is shown as 0.
        self.tell_disabled({})

    def tell_disabled(self, counts: Mapping[EnvironmentId, int]) -> None:
        """Show how many subscriptions of each environment are disabled; of the others, none."""
        named = Counted({self._names.of(None): 0})
        for environment_id, count in counts.items():
            named[self._names.of(environment_id)] += count
        self._disabled.clear()
        for name, count in named.items():
            self._disabled.labels(name).set(count)
