"""What the matcher counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.bus.lag import lag_gauge
from shared.runtime.environment_names import EnvironmentCounter, EnvironmentNames


class MatcherMetrics:
    """Every metric of the role, in one registry."""

    def __init__(self, registry: CollectorRegistry, names: EnvironmentNames) -> None:
        self.events = Counter("turnout_events_matched", "Events decided upon.", registry=registry)
        self.decisions = EnvironmentCounter(
            "turnout_decisions",
            "Decisions on an event and a workflow that it may start.",
            ["reason"],
            names=names,
            registry=registry,
        )
        self.answered = Counter(
            "turnout_waits_answered", "Waits told of the event they are for.", registry=registry
        )
        self.dead_letters = EnvironmentCounter(
            "turnout_matcher_dead_letters",
            "Records that are no accepted event.",
            ["reason"],
            names=names,
            registry=registry,
        )
        self.lag = lag_gauge(registry, "matcher")
        self.workflows = Gauge(
            "turnout_workflows_live", "Workflows that events may start.", registry=registry
        )
        self.unindexed = Gauge(
            "turnout_workflows_unindexed",
            "Live workflows with conditions that each event of theirs must try.",
            registry=registry,
        )
        self.quarantined = EnvironmentCounter(
            "turnout_workflows_quarantined",
            "Workflows set aside, as their conditions kept exceeding their bounds.",
            names=names,
            registry=registry,
        )
        self.late = EnvironmentCounter(
            "turnout_events_late",
            "Events put off, as their environments' conditions had taken their time.",
            names=names,
            registry=registry,
        )
