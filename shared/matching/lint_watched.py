"""A condition that is held against events: what it comes to, and what they have where it reads."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from shared.domain.errors import Invalid
from shared.domain.ids import EventKey
from shared.domain.workflows import Dialect
from shared.expr.bounds import RUN_IF
from shared.expr.comparisons import comparisons_in
from shared.expr.jsonata import Expression, ExpressionCache, Truth
from shared.expr.parts import parts_of
from shared.expr.reads import WHOLE, Path, paths_read, variables_read
from shared.matching.clauses import Clause, clauses_of
from shared.matching.conditions import constant_truth
from shared.matching.filters import Filter
from shared.matching.lint import Finding, Severity
from shared.matching.lint_sightings import Question, path_findings
from shared.matching.path_statistics import Sighting
from shared.matching.similar import similar, values_at
from shared.matching.view import EventView

EVENTS_MIN: Final = 10
"""Of fewer events nothing is said to be always or never so."""

_At: TypeAlias = tuple[str, Path]
"""Where something is read (a JSON pointer), and the path that is."""

_MEANT_TRIES_MAX: Final = 5
_QUOTED_CHARS_MAX: Final = 80


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


@dataclass(slots=True)
class _Tally:
    """What a condition came to, with the first event of each kind; ``text`` quotes it."""

    pointer: str
    text: str | None
    test: Callable[[EventView], Truth]
    counts: Counter[Truth] = field(default_factory=Counter)
    samples: dict[Truth, EventKey] = field(default_factory=dict)

    def add(self, view: EventView) -> None:
        truth = self.test(view)
        self.counts[truth] += 1
        self.samples.setdefault(truth, view.event.key)


class Watched(ABC):
    """A condition without problems, and what events say of it."""

    def __init__(self, sees: Sees) -> None:
        self._sees = sees
        self._looked_at = 0
        self._tallies: list[_Tally] = []
        self._paths: dict[_At, Sighting] = {}
        self._meant: dict[_At, tuple[Path, Sighting]] = {}

    def add(self, view: EventView) -> None:
        """Look at an event."""
        self._looked_at += 1
        for tally in self._tallies:
            tally.add(view)
        self._look(view)

    def findings(self) -> Iterator[Finding]:
        """What was found. Fields of payloads are named, and their values are not."""
        if not self._looked_at:
            return
        looked_at = f"the last {self._looked_at:,} {self._sees.events}"
        for tally in self._tallies:
            yield from _of_tally(tally, self._looked_at, looked_at)
        for at, sighting in self._paths.items():
            pointer, path = at
            question = Question(
                pointer=pointer,
                path=path,
                seen=sighting,
                meant=self._meant.get(at),
                asked=self._asked(at),
                looked_at=looked_at,
            )
            yield from path_findings(question)

    @abstractmethod
    def _look(self, view: EventView) -> None:
        """See what the event has at each path that is read."""

    @abstractmethod
    def _asked(self, at: _At) -> Sequence[tuple[str, Any]]:
        """The operators and operands that a path is compared with there."""

    def _see(
        self, pointer: str, path: Path, key: EventKey, values: Sequence[Any], scope: Any
    ) -> None:
        at = pointer, path
        sighting = self._paths.setdefault(at, Sighting())
        sighting.add(key, values)
        if not values and at not in self._meant and sighting.missing <= _MEANT_TRIES_MAX:
            meant = similar(scope, path)
            if meant is not None:
                self._meant[at] = meant, Sighting()
        if at in self._meant:
            meant, of_meant = self._meant[at]
            of_meant.add(key, values_at(scope, meant))


class WatchedExpression(Watched):
    """One in JSONata: as a whole, and in parts; what reads more than the event is not asked."""

    def __init__(self, pointer: str, source: str, sees: Sees, expressions: ExpressionCache) -> None:
        super().__init__(sees)
        self._pointer = pointer
        self._source = source
        self._read = [path for path in paths_read(source) if path and sees.is_told(path)]
        if constant_truth(source) is None:
            texts = dict.fromkeys((source.strip(), *parts_of(source)))
            self._tallies += self._tallies_of(texts, expressions)

    def _tallies_of(self, texts: Iterable[str], expressions: ExpressionCache) -> Iterator[_Tally]:
        for text in texts:
            try:
                expression = expressions.get(text, dialect=self._sees.dialect)
            except Invalid:
                continue  # a part that cannot stand alone
            if not self._is_told(text):
                continue

            def test(view: EventView, expression: Expression = expression) -> Truth:
                document = view.document(self._sees.dialect)
                return expression.test(document, bounds=RUN_IF, now=view.now, seed=view.seed).truth

            is_cut = len(text) > _QUOTED_CHARS_MAX
            quoted = f"{text[:_QUOTED_CHARS_MAX]}…" if is_cut else text
            yield _Tally(self._pointer, quoted, test)

    def _is_told(self, text: str) -> bool:
        is_free = not variables_read(text) & self._sees.variables
        return is_free and all(map(self._sees.is_told, paths_read(text)))

    def _look(self, view: EventView) -> None:
        scope = view.scope(self._sees.dialect)
        for path in self._read:
            self._see(self._pointer, path, view.event.key, values_at(scope, path), scope)

    def _asked(self, at: _At) -> Sequence[tuple[str, Any]]:
        _, path = at
        compared = comparisons_in(self._source)
        return [(one.operator, one.literal) for one in compared if one.path == path]


class WatchedFilter(Watched):
    """A filter, clause by clause; those that read more than the event are not asked."""

    def __init__(self, filter_: Filter, sees: Sees) -> None:
        super().__init__(sees)
        self._filter = filter_
        self._clauses: dict[str, Clause] = {}
        operands = filter_.operands
        for node in clauses_of(filter_.plan.root):
            if not all(sees.is_told(_path(clause)) for clause in node.observed({}, operands)):
                continue

            def test(view: EventView, node: Any = node) -> Truth:
                failed = node.failure(view.seen_by(sees.dialect, sees.name), operands)
                if failed is None:
                    return Truth.TRUE
                return Truth.FALSE if failed.error is None else Truth.ERROR

            self._tallies.append(_Tally(node.pointer, None, test))

    def _look(self, view: EventView) -> None:
        seen = view.seen_by(self._sees.dialect, self._sees.name)
        for clause in self._filter.observed(seen):
            if self._sees.is_told(_path(clause)):
                self._clauses[clause.pointer] = clause
                values = [] if clause.actual is None else [clause.actual]
                self._see(clause.pointer, _path(clause), view.event.key, values, seen)

    def _asked(self, at: _At) -> Sequence[tuple[str, Any]]:
        pointer, _ = at
        return [(self._clauses[pointer].operator, self._clauses[pointer].wanted)]


def _path(clause: Clause) -> Path:
    return WHOLE if clause.path is None else tuple(clause.path.split("."))


def _of_tally(tally: _Tally, count: int, looked_at: str) -> Iterator[Finding]:
    quoted = "It" if tally.text is None else f"'{tally.text}'"
    failed, held = tally.counts[Truth.ERROR], tally.counts[Truth.TRUE]
    if failed:
        detail = f"{quoted} failed on {failed:,} of {looked_at}."
        yield _finding(
            Severity.WARNING, tally, "CONDITION_FAILS", detail, tally.samples[Truth.ERROR]
        )
    if count < EVENTS_MIN or failed:
        return
    if not held:
        detail = f"{quoted} held for none of {looked_at}."
        sample = next(iter(tally.samples.values()))
        yield _finding(Severity.WARNING, tally, "NEVER_HELD", detail, sample)
    elif held == count:
        detail = f"{quoted} held for each of {looked_at}."
        yield _finding(Severity.INFO, tally, "ALWAYS_HELD", detail, tally.samples[Truth.TRUE])


def _finding(
    severity: Severity, tally: _Tally, code: str, detail: str, event_key: EventKey
) -> Finding:
    return Finding(
        severity=severity, pointer=tally.pointer, code=code, detail=detail, event_key=event_key
    )
