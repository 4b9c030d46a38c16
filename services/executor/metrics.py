"""What the executor counts."""

from collections import Counter as Tally
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.executor.gauges import Partitions
from services.executor.runs import Run
from shared.bus.lag import lag_gauge
from shared.domain.errors import Defect
from shared.domain.executions import Status
from shared.domain.ids import EnvironmentId, ExecutionId, known_uuid
from shared.domain.plans import Plan
from shared.domain.story import Transition
from shared.runtime.environment_names import OTHER, EnvironmentCounter, EnvironmentNames
from shared.wire.commands import Start
from shared.wire.events import decode_event

SERIES_MAX: Final = 2_000
"""Of attempts, before actions share one."""


class ExecutorMetrics:
    """Every metric of the role, in one registry."""

    def __init__(self, registry: CollectorRegistry, names: EnvironmentNames) -> None:
        self.repeated = EnvironmentCounter(
            "turnout_start_commands_repeated",
            "Start commands of executions that were there already.",
            names=names,
            registry=registry,
        )
        self.active = Gauge("turnout_executions_active", "Executions in memory.", registry=registry)
        self.fenced = Counter(
            "turnout_partitions_fenced",
            "Commits refused because the partition has another owner.",
            registry=registry,
        )
        self.dead_letters = EnvironmentCounter(
            "turnout_executor_dead_letters",
            "Commands that could not be used.",
            ["reason"],
            names=names,
            registry=registry,
        )
        self.secrets_unreadable = EnvironmentCounter(
            "turnout_secrets_unreadable",
            "Secrets that were to be sent and could not be decrypted.",
            names=names,
            registry=registry,
        )
        self.slow_seconds = EnvironmentCounter(
            "turnout_computing_slow_seconds",
            "Seconds for which expressions of steps held everything else up.",
            names=names,
            registry=registry,
        )
        self.lag = lag_gauge(registry, "executor")
        self.partitions = Partitions(names)
        registry.register(self.partitions)
        self._work(registry, names)
        self._publishing(registry, names)
        self._commits(registry)

    def admitted(
        self,
        repeated: Iterable[Start],
        runs: Mapping[ExecutionId, Run],
        new: Collection[ExecutionId],
    ) -> None:
        """Count the ``new`` ones of ``runs``; the others and ``repeated`` came once more."""
        begun = [run for id_, run in runs.items() if id_ in new]
        self.started.add_each(run.origin.environment for run in begun)
        self.wrote((r.plan, r.origin.environment_id, r.latest) for r in begun if r.latest)
        for command in repeated:
            self.repeated.add(_whose(command))
        if len(new) < len(runs):
            known = (run for id_, run in runs.items() if id_ not in new)
            self.repeated.add_each(run.origin.environment for run in known)

    def slow(self, environment: str, seconds: float) -> None:
        """Count expressions of an environment that took long."""
        self.slow_seconds.add(EnvironmentId(known_uuid(environment)), count=seconds)

    def wrote(self, written: Iterable[tuple[Plan, EnvironmentId, Transition]]) -> None:
        """Count what transitions tell of attempts and of the ends of executions."""
        attempts, ends = Tally[tuple[str, str, str]](), Tally[tuple[EnvironmentId, Status]]()
        for plan, environment_id, transition in written:
            name, status = self._names.of(environment_id), transition.state.status
            for entry in transition.entries:
                if (attempt := entry.attempt) is not None:
                    step = plan.step_of(attempt.step_id)
                    attempts[name, step.action or step.kind.value, attempt.status] += 1
            if status.is_terminal:
                ends[environment_id, status] += 1
        for labels, count in attempts.items():
            self._attempted(*labels, count)
        for (environment_id, status), count in ends.items():
            self.finished.add(environment_id, status, count=count)

    def _attempted(self, environment: str, action: str, status: str, count: int) -> None:
        """Count attempts; each series is looked up once.

        Actions have any number of names: those beyond the first ``SERIES_MAX`` series share one.
        """
        counter = self._of_attempts.get((environment, action, status))
        if counter is None:
            is_full = len(self._of_attempts) >= SERIES_MAX
            counter = self.attempts.labels(environment, OTHER if is_full else action, status)
            if not is_full:
                self._of_attempts[environment, action, status] = counter
        counter.inc(count)

    def _work(self, registry: CollectorRegistry, names: EnvironmentNames) -> None:
        self._names = names
        self.started = EnvironmentCounter(
            "turnout_executions_started", "Executions admitted.", names=names, registry=registry
        )
        self.finished = EnvironmentCounter(
            "turnout_executions_finished",
            "Executions ended.",
            ["status"],
            names=names,
            registry=registry,
        )
        self.attempts = Counter(
            "turnout_attempts",
            "Attempts ended.",
            ["environment", "action", "status"],
            registry=registry,
        )
        self._of_attempts: dict[tuple[str, str, str], Counter] = {}

    def _publishing(self, registry: CollectorRegistry, names: EnvironmentNames) -> None:
        self.published = EnvironmentCounter(
            "turnout_log_entries_published",
            "Log entries published.",
            names=names,
            registry=registry,
        )
        self.republished = EnvironmentCounter(
            "turnout_log_entries_republished",
            "Log entries published again, because the last owner of their partition may not have.",
            names=names,
            registry=registry,
        )
        self.truncated = EnvironmentCounter(
            "turnout_results_truncated",
            "Step results published without their values, because their topic takes no more.",
            names=names,
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


def _whose(command: Start) -> EnvironmentId | None:
    """The environment of a start's event; None where that cannot be read."""
    try:
        return decode_event(command.event).environment_id
    except Defect:
        return None
