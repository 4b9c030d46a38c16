"""What trigger-ingest counts."""

from prometheus_client import CollectorRegistry, Counter

from shared.bus.lag import lag_gauge


class IngestMetrics:
    """Every metric of the role, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.accepted = Counter("turnout_events_accepted", "Events accepted.", registry=registry)
        self.duplicates = Counter(
            "turnout_events_duplicate", "Events delivered again, and dropped.", registry=registry
        )
        self.redelivered = Counter(
            "turnout_events_redelivered",
            "Events read again after a crash, and passed on once more.",
            registry=registry,
        )
        self.lag = lag_gauge(registry, "ingest")
        self.dead_letters = Counter(
            "turnout_ingest_dead_letters",
            "Records that are no usable event.",
            ["reason"],
            registry=registry,
        )
