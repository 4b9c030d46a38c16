"""A condition that is held against events: what it comes to, and what they have where it reads."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from shared.domain.errors import Invalid
from shared.domain.ids import EventKey
from shared.domain.workflows import Dialect
from shared.expr.bounds import RUN_IF
from shared.expr.comparisons import comparisons_in
from shared.expr.jsonata import ExpressionCache, Truth
from shared.expr.parts import parts_of
from shared.expr.reads import WHOLE, Path, paths_read, variables_read
from shared.matching.clauses import Clause, clauses_of
from shared.matching.conditions import constant_truth
from shared.matching.filters import Filter
from shared.matching.lint import Finding
from shared.matching.lint_sightings import Question, path_findings
from shared.matching.lint_tallies import Tally, tally_findings
from shared.matching.path_statistics import Sighting
from shared.matching.similar import (
    list_within,
    similar,
    similar_in_filter,
    value_at,
    values_at,
)
from shared.matching.view import EventView

_At: TypeAlias = tuple[str, Path]
"""Where something is read (a JSON pointer), and the path that is."""

_MEANT_TRIES_MAX: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sees:
    """What a condition sees of an event, in the words of a dialect, for a workflow of that name.

    ``is_told`` says of a path whether the event alone tells what is there; ``variables`` are those
    that have a value from elsewhere. ``events`` are those that it is held against, in words.
    """

    dialect: Dialect
    name: str
    is_told: Callable[[Path], bool]
    events: str = "events"
    variables: frozenset[str] = frozenset()

    def looked_at(self, count: int) -> str:
        """So many of the events, in words."""
        return f"the last {count:,} {self.events}"


class Watched(ABC):
    """A condition without problems, and what events say of it."""

    def __init__(self, sees: Sees) -> None:
        self._sees = sees
        self._is_ready = False
        self._tallies: list[Tally] = []
        self._paths: dict[_At, Sighting] = {}
        self._meant: dict[_At, tuple[Path, Sighting]] = {}
        self._lists: dict[_At, Path] = {}

    def add(self, view: EventView) -> Generator[None, None, None]:
        """Look at an event.

        It yields after each part, of which there may be thousands, and may be left off there: what
        is found then says of each part of how many events it speaks.
        """
        if not self._is_ready:
            yield from self._make_ready()
            self._is_ready = True
        for tally in self._tallies:
            tally.add(view)
            yield
        yield from self._look(view)

    def findings(self) -> Iterator[Finding | None]:
        """What was found; None after each part that was looked through.

        Fields of payloads are named, and their values are not.
        """
        for tally in self._tallies:
            yield from tally_findings(tally, self._sees.looked_at(tally.count))
            yield None
        for at, sighting in self._paths.items():
            pointer, path = at
            question = Question(
                pointer=pointer,
                path=path,
                seen=sighting,
                meant=self._meant.get(at),
                list_at=self._lists.get(at),
                asked=self._asked(at),
                looked_at=self._sees.looked_at(sighting.looked_at),
            )
            yield from path_findings(question)
            yield None

    @abstractmethod
    def _make_ready(self) -> Generator[None, None, None]:
        """What is done once, before the first event; it yields after each part."""

    @abstractmethod
    def _look(self, view: EventView) -> Generator[None, None, None]:
        """See what the event has at each path that is read; it yields after each."""

    @abstractmethod
    def _asked(self, at: _At) -> Sequence[tuple[str, Any]]:
        """The operators and operands that a path is compared with there."""

    @abstractmethod
    def _values(self, scope: Any, path: Path) -> Sequence[Any]:
        """What a path leads to."""

    @abstractmethod
    def _hint(self, at: _At, scope: Any) -> Path | None:
        """What may have been meant by a path that leads nowhere."""

    def _see(self, at: _At, key: EventKey, values: Sequence[Any], scope: Any) -> None:
        sighting = self._paths.setdefault(at, Sighting())
        sighting.add(key, values)
        if not values and at not in self._meant and sighting.missing <= _MEANT_TRIES_MAX:
            meant = self._hint(at, scope)
            if meant is not None:
                self._meant[at] = meant, Sighting()
        if at in self._meant:
            meant, of_meant = self._meant[at]
            of_meant.add(key, self._values(scope, meant))


class WatchedExpression(Watched):
    """One in JSONata: as a whole, and in parts; what reads more than the event is not asked."""

    def __init__(self, pointer: str, source: str, sees: Sees, expressions: ExpressionCache) -> None:
        super().__init__(sees)
        self._pointer = pointer
        self._source = source
        self._expressions = expressions
        self._read: Sequence[Path] = ()
        self._compared: defaultdict[Path, list[tuple[str, Any]]] = defaultdict(list)

    def _make_ready(self) -> Generator[None, None, None]:
        is_told, source = self._sees.is_told, self._source
        self._read = sorted(path for path in paths_read(source) if path and is_told(path))
        yield
        if self._read:
            for one in comparisons_in(source):
                self._compared[one.path].append((one.operator, one.literal))
            yield
        if constant_truth(source) is None:
            yield
            for text in dict.fromkeys((source.strip(), *parts_of(source))):
                yield
                self._tallies += self._tallies_of(text)

    def _tallies_of(self, text: str) -> Iterator[Tally]:
        """One; none of a part that cannot stand alone, or reads more than the event."""
        try:
            expression = self._expressions.get(text, dialect=self._sees.dialect)
        except Invalid:
            return
        if not self._is_told(text):
            return

        def test(view: EventView) -> Truth:
            document = view.document(self._sees.dialect)
            return expression.test(document, bounds=RUN_IF, now=view.now, seed=view.seed).truth

        yield Tally(self._pointer, text, test)

    def _is_told(self, text: str) -> bool:
        is_free = not variables_read(text) & self._sees.variables
        return is_free and all(map(self._sees.is_told, paths_read(text)))

    def _look(self, view: EventView) -> Generator[None, None, None]:
        scope = view.scope(self._sees.dialect)
        for path in self._read:
            self._see((self._pointer, path), view.event.key, values_at(scope, path), scope)
            yield

    def _asked(self, at: _At) -> Sequence[tuple[str, Any]]:
        _, path = at
        return self._compared.get(path, ())

    def _values(self, scope: Any, path: Path) -> Sequence[Any]:
        return values_at(scope, path)

    def _hint(self, at: _At, scope: Any) -> Path | None:
        _, path = at
        return similar(scope, path)


class WatchedFilter(Watched):
    """A filter, clause by clause; those that read more than the event are not asked."""

    def __init__(self, filter_: Filter, sees: Sees) -> None:
        super().__init__(sees)
        self._filter = filter_
        self._clauses: dict[str, Clause] = {}

    def _make_ready(self) -> Generator[None, None, None]:
        sees, operands = self._sees, self._filter.operands
        for node in clauses_of(self._filter.plan.root):
            if not all(sees.is_told(_path(clause)) for clause in node.observed({}, operands)):
                continue

            def test(view: EventView, node: Any = node) -> Truth:
                failed = node.failure(view.seen_by(sees.dialect, sees.name), operands)
                if failed is None:
                    return Truth.TRUE
                return Truth.FALSE if failed.error is None else Truth.ERROR

            self._tallies.append(Tally(node.pointer, None, test))
            yield

    def _look(self, view: EventView) -> Generator[None, None, None]:
        seen = view.seen_by(self._sees.dialect, self._sees.name)
        for clause in self._filter.observed(seen):
            if self._sees.is_told(_path(clause)):
                self._clauses[clause.pointer] = clause
                values = [] if clause.actual is None else [clause.actual]
                self._see((clause.pointer, _path(clause)), view.event.key, values, seen)
            yield

    def _asked(self, at: _At) -> Sequence[tuple[str, Any]]:
        pointer, _ = at
        return [(self._clauses[pointer].operator, self._clauses[pointer].wanted)]

    def _values(self, scope: Any, path: Path) -> Sequence[Any]:
        return value_at(scope, path)

    def _hint(self, at: _At, scope: Any) -> Path | None:
        _, path = at
        within = list_within(scope, path)
        if within is not None:
            self._lists.setdefault(at, within)
            return None
        return similar_in_filter(scope, path)


def _path(clause: Clause) -> Path:
    return WHOLE if clause.path is None else tuple(clause.path.split("."))
