"""What the matcher counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.bus.lag import lag_gauge


class MatcherMetrics:
    """Every metric of the role, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter("turnout_events_matched", "Events decided upon.", registry=registry)
        self.decisions = Counter(
            "turnout_decisions",
            "Decisions on an event and a workflow that awaits its type.",
            ["reason"],
            registry=registry,
        )
        self.answered = Counter(
            "turnout_waits_answered", "Waits told of the event they are for.", registry=registry
        )
        self.dead_letters = Counter(
            "turnout_matcher_dead_letters",
            "Records that are no accepted event.",
            ["reason"],
            registry=registry,
        )
        self.lag = lag_gauge(registry, "matcher")
        self.workflows = Gauge(
            "turnout_workflows_live", "Workflows that events may start.", registry=registry
        )
