"""What the executor counts."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.executor.gauges import Partitions
from shared.bus.lag import lag_gauge
from shared.domain.plans import Plan
from shared.domain.story import Transition

PAIRS_MAX: Final = 500
OTHER: Final = "(other)"


class ExecutorMetrics:
    """Every metric of the role, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.started = Counter(
            "turnout_executions_started", "Executions admitted.", registry=registry
        )
        self.repeated = Counter(
            "turnout_start_commands_repeated",
            "Start commands of executions that were there already.",
            registry=registry,
        )
        self.finished = Counter(
            "turnout_executions_finished", "Executions ended.", ["status"], registry=registry
        )
        self.attempts = Counter(
            "turnout_attempts", "Attempts ended.", ["action", "status"], registry=registry
        )
        self.active = Gauge("turnout_executions_active", "Executions in memory.", registry=registry)
        self.fenced = Counter(
            "turnout_partitions_fenced",
            "Commits refused because the partition has another owner.",
            registry=registry,
        )
        self.dead_letters = Counter(
            "turnout_executor_dead_letters",
            "Commands that could not be used.",
            ["reason"],
            registry=registry,
        )
        self.secrets_unreadable = Counter(
            "turnout_secrets_unreadable",
            "Secrets that were to be sent and could not be decrypted.",
            registry=registry,
        )
        self.lag = lag_gauge(registry, "executor")
        self.partitions = Partitions()
        registry.register(self.partitions)
        self._of_attempts: dict[tuple[str, str], Counter] = {}
        self._publishing(registry)
        self._commits(registry)

    def wrote(self, plan: Plan, transition: Transition) -> None:
        """Count what a transition tells of attempts and of the execution's end."""
        for entry in transition.entries:
            if (attempt := entry.attempt) is not None:
                step = plan.step_of(attempt.step_id)
                self._attempted(step.action or step.kind.value, attempt.status.value)
        if transition.state.status.is_terminal:
            self.finished.labels(transition.state.status.value).inc()

    def _attempted(self, action: str, status: str) -> None:
        """Count an attempt; the counter of each pair is looked up once.

        Actions have any number of names: those beyond the first ``PAIRS_MAX`` pairs share one.
        """
        counter = self._of_attempts.get((action, status))
        if counter is None:
            is_full = len(self._of_attempts) >= PAIRS_MAX
            counter = self.attempts.labels(OTHER if is_full else action, status)
            if not is_full:
                self._of_attempts[action, status] = counter
        counter.inc()

    def _publishing(self, registry: CollectorRegistry) -> None:
        self.published = Counter(
            "turnout_log_entries_published", "Log entries published.", registry=registry
        )
        self.republished = Counter(
            "turnout_log_entries_republished",
            "Log entries published again, because the last owner of their partition may not have.",
            registry=registry,
        )
        self.truncated = Counter(
            "turnout_results_truncated",
            "Step results published without their values, because their topic takes no more.",
            registry=registry,
        )

    def _commits(self, registry: CollectorRegistry) -> None:
        self.commit_seconds = Histogram(
            "turnout_commit_seconds",
            "Seconds a group commit took.",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
            registry=registry,
        )
        self.commit_rows = Histogram(
            "turnout_commit_rows",
            "Log entries in a group commit.",
            buckets=(0, 1, 3, 10, 30, 100, 300, 1000, 3000),
            registry=registry,
        )
