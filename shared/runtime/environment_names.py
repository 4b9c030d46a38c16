"""Environments in metrics: as many are told apart as whoever keeps the metrics can bear."""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId, known_uuid

NAMED_MAX: Final = 200
OTHER: Final = "(other)"


class EnvironmentNames:
    """What the metrics of a process call environments.

    ``first`` and whichever come next are called by their ids, ``named_max`` in all; the rest, and
    what is nobody's, are ``(other)``.
    """

    def __init__(
        self, named_max: int = NAMED_MAX, first: EnvironmentId = DEFAULT_ENVIRONMENT
    ) -> None:
        self._named_max = named_max
        self._names: dict[EnvironmentId | None, str] = {first: str(first)}

    def __contains__(self, environment_id: EnvironmentId) -> bool:
        """Whether it is called by its id by now."""
        return environment_id in self._names

    def of(self, environment_id: EnvironmentId | None) -> str:
        """The label."""
        name = self._names.get(environment_id)
        if name is not None:
            return name
        if environment_id is None or len(self._names) >= self._named_max:
            return OTHER
        return self._names.setdefault(environment_id, str(environment_id))


class EnvironmentCounter:
    """A counter with the label ``environment`` before ``labels``, each of which takes few values.

    To add is to look up twice: the series are made once.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str] = (),
        *,
        names: EnvironmentNames,
        registry: CollectorRegistry,
    ) -> None:
        self._counter = Counter(name, documentation, ("environment", *labels), registry=registry)
        self._names = names
        self._series: dict[tuple[str, ...], Counter] = {}

    def add(self, environment_id: EnvironmentId | None, *values: str, count: float = 1) -> None:
        """Count what happened in an environment; None: in nobody's."""
        key = (self._names.of(environment_id), *values)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._counter.labels(*key)
        series.inc(count)

    def add_each(self, environments: Iterable[str]) -> None:
        """Count one thing in each of ``environments``, which are ids as text: cheaper by the group.

        A text keeps its hash, and a UUID works its own out in Python.
        """
        for environment, count in Tally(environments).items():
            self.add(EnvironmentId(known_uuid(environment)), count=count)
