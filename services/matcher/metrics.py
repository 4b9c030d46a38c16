"""What the matcher counts."""

from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from shared.bus.lag import lag_gauge
from shared.runtime.environment_names import EnvironmentCounter, EnvironmentNames


class MatcherMetrics:
    """Every metric of the role, in one registry."""

    def __init__(self, registry: CollectorRegistry, names: EnvironmentNames) -> None:
        of_environments = partial(EnvironmentCounter, names=names, registry=registry)
        self.events = of_environments("turnout_events_matched", "Events decided upon.")
        self.decisions = of_environments(
            "turnout_decisions",
            "Decisions on an event and a workflow that it may start.",
            ["reason"],
        )
        self.answered = of_environments(
            "turnout_waits_answered", "Waits told of the event they are for."
        )
        self.dead_letters = of_environments(
            "turnout_matcher_dead_letters",
            "Records that are no accepted event.",
            ["reason"],
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
        self.quarantined = of_environments(
            "turnout_workflows_quarantined",
            "Workflows set aside, as their conditions kept exceeding their bounds.",
        )
        self.overflows = of_environments(
            "turnout_events_overflowing",
            "Events that matched more workflows than one event may start.",
        )
        self.late = of_environments(
            "turnout_events_late",
            "Events put off, as their environments' conditions had taken their time.",
        )
