"""What the scheduler counts."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Histogram

from shared.db.schedules import Due
from shared.runtime.environment_names import EnvironmentCounter, EnvironmentNames


class SchedulerMetrics:
    """Every metric of the role, in one registry."""

    def __init__(self, registry: CollectorRegistry, names: EnvironmentNames) -> None:
        self.late_seconds = Histogram(
            "turnout_schedule_late_seconds",
            "Seconds from the time at which a schedule was due to its start command.",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30, 300),
            registry=registry,
        )
        self.skipped = EnvironmentCounter(
            "turnout_schedule_skipped",
            "Times that a schedule passed over; those missed in a row count as one.",
            ("reason",),
            names=names,
            registry=registry,
        )
        self.pruned = EnvironmentCounter(
            "turnout_executions_pruned",
            "Executions deleted, as they ended longer ago than they are kept.",
            names=names,
            registry=registry,
        )

    def fired(self, found: Iterable[Due], now: datetime) -> None:
        """Count the schedules that fired at ``now``.

        What is made up for once a workflow is live again is late since then.
        """
        for due in found:
            if (run_at := due.kept.run_at) is not None:
                since = run_at if due.changed_at is None else max(run_at, due.changed_at)
                self.late_seconds.observe(max(0.0, (now - since).total_seconds()))
