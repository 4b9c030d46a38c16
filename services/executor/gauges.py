"""What the executor holds, looked at when somebody asks: counting it would cost at each step."""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.executor.lanes import Lanes
from services.executor.runs import Owned
from shared.domain.ids import EnvironmentId, known_uuid
from shared.runtime.clock import Clock
from shared.runtime.environment_names import EnvironmentNames


class Partitions(Collector):
    """Attempts under way, what is held, and by partition what is not published and what is late."""

    def __init__(self, names: EnvironmentNames) -> None:
        self._names = names
        self._owned: Mapping[int, Owned] = {}
        self._lanes: Lanes | None = None
        self._clock: Clock | None = None

    def watch(self, owned: Mapping[int, Owned], lanes: Lanes, clock: Clock) -> None:
        """Tell of these partitions from now on."""
        self._owned, self._lanes, self._clock = owned, lanes, clock

    def collect(self) -> Iterable[Metric]:
        attempts = GaugeMetricFamily("turnout_attempts_active", "Attempts under way.")
        behind = GaugeMetricFamily(
            "turnout_publish_lag_entries",
            "Log entries of a partition that are written, or about to be, and not published.",
            labels=["partition"],
        )
        late = GaugeMetricFamily(
            "turnout_timers_late_seconds",
            "How long the earliest timer of a partition has been due; 0: none is.",
            labels=["partition"],
        )
        held = GaugeMetricFamily(
            "turnout_executions_held",
            "Executions that wait until their environment has room for them.",
            labels=["environment"],
        )
        waiting = GaugeMetricFamily(
            "turnout_computing_waiting",
            "What is to be computed for executions and has lined up.",
            labels=["environment"],
        )
        under_way = 0
        for partition, owned in self._owned.items():
            under_way += sum(len(run.performing) for run in owned.runs.values())
            behind.add_metric([str(partition)], owned.written_seq - owned.emitted_seq)
            late.add_metric([str(partition)], self._late_s(owned))
        attempts.add_metric([], under_way)
        for name, count in self._held().items():
            held.add_metric([name], count)
        for name, count in self._waiting().items():
            waiting.add_metric([name], count)
        yield from (attempts, behind, late, held, waiting)

    def _held(self) -> Mapping[str, int]:
        held = Tally[str]()
        for owned in self._owned.values():
            for environment, ids in owned.held.items():
                held[self._name(environment)] += len(ids)
        return held

    def _waiting(self) -> Mapping[str, int]:
        waiting = Tally[str]()
        for environment, count in (self._lanes.waiting() if self._lanes else {}).items():
            waiting[self._name(environment)] += count
        return waiting

    def _name(self, environment: str) -> str:
        return self._names.of(EnvironmentId(known_uuid(environment)))

    def _late_s(self, owned: Owned) -> float:
        due_at = owned.alarms.first_at()
        if due_at is None or self._clock is None:
            return 0.0
        return max(0.0, (self._clock.now() - due_at).total_seconds())
