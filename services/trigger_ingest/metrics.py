"""What trigger-ingest counts."""

from prometheus_client import CollectorRegistry, Counter

from shared.bus.lag import lag_gauge
from shared.runtime.environment_names import EnvironmentCounter, EnvironmentNames


class IngestMetrics:
    """Every metric of the role, in one registry."""

    def __init__(self, registry: CollectorRegistry, names: EnvironmentNames) -> None:
        self.accepted = EnvironmentCounter(
            "turnout_events_accepted", "Events accepted.", names=names, registry=registry
        )
        self.duplicates = EnvironmentCounter(
            "turnout_events_duplicate",
            "Events delivered again, and dropped.",
            names=names,
            registry=registry,
        )
        self.redelivered = EnvironmentCounter(
            "turnout_events_redelivered",
            "Events read again after a crash, and passed on once more.",
            names=names,
            registry=registry,
        )
        self.held_s = Counter(
            "turnout_ingest_held_seconds",
            "How long partitions stood still because the next event was over its quota.",
            ["environment"],
            registry=registry,
        )
        self.waited_s = Counter(
            "turnout_ingest_waited_seconds",
            "How long nothing was taken because the executors were behind.",
            registry=registry,
        )
        self.lag = lag_gauge(registry, "ingest")
        self.dead_letters = EnvironmentCounter(
            "turnout_ingest_dead_letters",
            "Records that are no usable event.",
            ["reason"],
            names=names,
            registry=registry,
        )
