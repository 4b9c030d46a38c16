"""Why an event did, or did not, start a workflow: every condition that failed, not the first alone.

What decides is ``rules.judge``; here its verdict is taken apart, for whoever asks.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, TypeVar

from shared.domain.errors import Invalid
from shared.domain.workflows import Workflow
from shared.expr.bounds import RUN_IF
from shared.expr.errors import OUT_OF_BOUNDS
from shared.expr.jsonata import ExpressionCache, Truth, Verdict
from shared.expr.parts import parts_of
from shared.expr.reads import Path, paths_read
from shared.matching.clauses import Clause, clauses_of, shown
from shared.matching.decisions import Decision, Reason, guarded
from shared.matching.rules import Rule, RunIf, compile_rule, exclude, judge
from shared.matching.shorten import shortened
from shared.matching.similar import (
    list_within,
    similar,
    similar_in_filter,
    value_at,
    values_at,
)
from shared.matching.view import EventView

FAILURES_MAX: Final = 20
"""Of the conditions that failed, for so many it is told what they read."""

READS_MAX: Final = 10
"""Of the paths that a part of a ``run_if`` reads, so many are told."""

HINTS_MAX: Final = 10
"""So often it is looked for what may have been meant: that takes a while in a large event."""

T = TypeVar("T")

Parts: TypeAlias = Generator[None, None, T]
"""What comes to something in parts, between which others may have their turn."""

_Look: TypeAlias = Callable[[Any, Path], Path | None]

_RUN_IF: Final = "/run_if"
_TEXT_CHARS_MAX: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What an event has at a path; a value that is large is shortened.

    Where there is nothing, ``similar`` is a path that its author may have meant; of a filter's path
    ``list_at`` is its beginning that leads to a list, which it does not look through.
    """

    path: str
    is_there: bool
    value: Any = None
    similar: str | None = None
    list_at: str | None = None

    def __str__(self) -> str:
        if self.is_there:
            return f"{self.path} is {shown(self.value)}"
        return f"{self.path} is absent{self.hint}"

    @property
    def hint(self) -> str:
        """What there is instead, in words; nothing where nothing is known."""
        if self.list_at is not None:
            return f" ({self.list_at} is a list: name an item, or write a run_if)"
        return "" if self.similar is None else f" (did you mean {self.similar}?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A condition that did not hold; as a text, a sentence for its author.

    ``pointer`` is its place in the definition. A ``clause`` is one of a filter; else ``text`` is
    the part of a ``run_if``, None where there is none to quote. ``error`` says why it could not be
    answered. ``reads`` are the paths that it asks for. ``is_cut``: what follows was not asked.
    """

    pointer: str
    truth: Truth
    clause: Clause | None = None
    text: str | None = None
    error: str | None = None
    reads: Sequence[Read] = ()
    is_cut: bool = False

    def __str__(self) -> str:
        if self.clause is not None:
            hints = [f"{read}." for read in self.reads if read.hint]
            return " ".join([str(self.clause), *hints])
        if self.text is None:
            return f"{self.pointer}: {self.error}"
        came_to = f"is {self.truth}" if self.error is None else f"fails: {self.error}"
        return "; ".join([f'{self.pointer}: "{self.text}" {came_to}', *map(str, self.reads)]) + "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A decision, the conditions that failed, and how many ``clauses`` were asked in all.

    What never gets as far as its conditions has none of either.
    """

    decision: Decision
    failed: Sequence[Failed] = ()
    clauses: int = 0

    @property
    def is_near_miss(self) -> bool:
        """Whether all held but one, and all were asked."""
        return len(self.failed) == 1 and not self.failed[0].is_cut

    @property
    def detail(self) -> str | None:
        """What there is to say about it."""
        if self.failed:
            return " ".join(map(str, self.failed[:READS_MAX]))
        return self.decision.detail


def explain(
    view: EventView, workflow: Workflow, expressions: ExpressionCache, *, depth_max: int
) -> Explained:
    """As ``rules.decide``, with every condition that failed."""
    return _at_once(explaining(view, workflow, expressions, depth_max=depth_max))


def explaining(
    view: EventView, workflow: Workflow, expressions: ExpressionCache, *, depth_max: int
) -> Parts[Explained]:
    """As ``explain``, a condition at a time: together they may take long in a large event."""
    excluded = exclude(view, workflow)
    if excluded is not None:
        return Explained(decision=excluded)
    rule = compile_rule(workflow.conditions, expressions)
    yield
    return (yield from explaining_rule(view, rule, depth_max=depth_max))


def explaining_rule(view: EventView, rule: Rule, *, depth_max: int) -> Parts[Explained]:
    """As ``explaining``, whatever the workflow's state and triggers. Raises nothing."""
    decision = guarded(judge(view, rule), view.event, depth_max)
    yield
    is_met = decision.reason in (Reason.MATCHED, Reason.LOOP_GUARD)
    failed = [] if is_met else (yield from _failed(view, rule))
    return Explained(decision=decision, failed=(*failed,), clauses=_count(rule))


def _at_once(parts: Parts[T]) -> T:
    while True:
        try:
            next(parts)
        except StopIteration as end:
            found: T = end.value
            return found


def _count(rule: Rule) -> int:
    clauses = 0 if rule.filter is None else sum(1 for _ in clauses_of(rule.filter.plan.root))
    parts = 0 if rule.run_if is None else len(parts_of(rule.run_if.source))
    return clauses + parts + (rule.fault is not None)


def _failed(view: EventView, rule: Rule) -> Parts[list[Failed]]:
    reading = _Reading()
    filters = yield from _failed_filters(view, rule, reading)
    return filters + (yield from _failed_parts(view, rule, reading))


def _failed_filters(view: EventView, rule: Rule, reading: "_Reading") -> Parts[list[Failed]]:
    failed: list[Failed] = []
    if rule.fault is not None:
        pointer, _, detail = str(rule.fault[1]).partition(": ")
        failed.append(Failed(pointer=pointer, truth=Truth.ERROR, error=detail))
    if rule.filter is None:
        return failed
    scope = view.seen_by(rule.dialect, rule.name)
    for node in clauses_of(rule.filter.plan.root):
        clause = node.failure(scope, rule.filter.operands)
        if clause is None:
            continue
        failed.append(
            Failed(
                pointer=clause.pointer,
                truth=Truth.FALSE if clause.error is None else Truth.ERROR,
                clause=clause,
                error=clause.error,
                reads=reading.of_clause(scope, clause),
            )
        )
        yield
    return failed


def _failed_parts(view: EventView, rule: Rule, reading: "_Reading") -> Parts[list[Failed]]:
    """The parts that do not hold; where each does by itself, the whole."""
    if rule.run_if is None:
        return []
    try:
        verdict = _tested(view, rule.run_if)
        if verdict.truth is Truth.TRUE:
            return []
        yield
        parts = yield from _parts(view, rule.run_if, reading)
    except Invalid as error:
        detail = error.problems[0].detail
        return [Failed(pointer=_RUN_IF, truth=Truth.ERROR, error=detail)]
    return parts or [(yield from _part(view, rule.run_if, verdict, reading))]


def _parts(view: EventView, run_if: RunIf, reading: "_Reading") -> Parts[list[Failed]]:
    failed, texts = list[Failed](), parts_of(run_if.source)
    for number, text in enumerate(texts, 1):
        part = replace(run_if, source=text)
        verdict = _tested(view, part)
        yield
        is_costly = verdict.error is not None and verdict.error.code in OUT_OF_BOUNDS
        if verdict.truth is not Truth.TRUE:
            told = yield from _part(view, part, verdict, reading)
            failed.append(replace(told, is_cut=is_costly and number < len(texts)))
        if is_costly:
            break  # what costs so much is not asked again
    return failed


def _tested(view: EventView, part: RunIf) -> Verdict:
    document = view.document(part.dialect)
    return part.compiled().test(document, bounds=RUN_IF, now=view.now, seed=view.seed)


def _part(view: EventView, part: RunIf, verdict: Verdict, reading: "_Reading") -> Parts[Failed]:
    text, scope = part.source, view.scope(part.dialect)
    return Failed(
        pointer=_RUN_IF,
        truth=verdict.truth,
        text=text if len(text) <= _TEXT_CHARS_MAX else f"{text[:_TEXT_CHARS_MAX]}…",
        error=None if verdict.error is None else str(verdict.error),
        reads=(yield from reading.of_part(scope, text)),
    )


class _Reading:
    """Looks up what failed conditions read, for one explanation; of the first of them."""

    def __init__(self) -> None:
        self._failures = self._hints = 0

    def of_clause(self, scope: Any, clause: Clause) -> Sequence[Read]:
        """What a filter finds at its path, if it asks for one; it takes null for nothing."""
        if self._is_over() or clause.path is None:
            return ()
        written, path = clause.path, tuple(clause.path.split("."))
        if clause.actual is not None or value_at(scope, path):
            return [Read(path=written, is_there=True, value=shortened(clause.actual))]
        within = list_within(scope, path)
        if within is not None:
            return [Read(path=written, is_there=False, list_at=_written(within))]
        meant = self._meant(similar_in_filter, scope, path)
        return [Read(path=written, is_there=False, similar=_written(meant))]

    def of_part(self, scope: Any, text: str) -> Parts[Sequence[Read]]:
        """What a part of a ``run_if`` finds at the first of its paths."""
        reads: list[Read] = []
        if self._is_over():
            return reads
        for path in sorted(path for path in paths_read(text) if path)[:READS_MAX]:
            reads.append(self._read(scope, path))
            yield
        return reads

    def _read(self, scope: Any, path: Path) -> Read:
        written, found = ".".join(path), values_at(scope, path)
        if not found:
            meant = self._meant(similar, scope, path)
            return Read(path=written, is_there=False, similar=_written(meant))
        value = shortened(found[0] if len(found) == 1 else found)
        return Read(path=written, is_there=True, value=value)

    def _is_over(self) -> bool:
        self._failures += 1
        return self._failures > FAILURES_MAX

    def _meant(self, look: _Look, scope: Any, path: Path) -> Path | None:
        self._hints += 1
        return look(scope, path) if self._hints <= HINTS_MAX else None


def _written(path: Path | None) -> str | None:
    return None if path is None else ".".join(path)
