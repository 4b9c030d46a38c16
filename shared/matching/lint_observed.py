"""What in a workflow's conditions does not fit the events that there have been.

Each finding has an event for its example. None quotes a value of a payload.
"""

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Final

from shared.domain.events import Event
from shared.domain.workflows import Dialect, Workflow
from shared.expr.jsonata import ExpressionCache
from shared.expr.reads import Path
from shared.matching.check import conditions_in
from shared.matching.filters import compile_filter
from shared.matching.lint import Finding
from shared.matching.lint_watched import Sees, Watched, WatchedExpression, WatchedFilter
from shared.matching.rules import Rule, compile_rule, judge
from shared.matching.view import EventView

WATCHED_MAX: Final = 500
"""Of a workflow, so many conditions of steps and edges are held against events."""

_MATCH: Final = "wait/match"
_VARIABLES: Final = frozenset({"input"})
"""What a step's conditions see beside their scope: its own input."""

_TOLD: Final[Mapping[Dialect, frozenset[str]]] = MappingProxyType(
    {
        Dialect.NATIVE: frozenset({"event", "payload", "trigger", "parameters"}),
        Dialect.ALTOSTRAT: frozenset({"trigger", "payload", "webhook_payload", "context"}),
        Dialect.SIXTYFOUR: frozenset({"trigger"}),
        Dialect.THENA: frozenset({"event"}),
        Dialect.TRANSACTIONLINK: frozenset({"parameters"}),
    }
)
"""With what a path begins that leads to the same in a step as in the event."""

_OTHERS: Final = frozenset({"steps", "workflow", "execution", "secrets", "item", "index", "error"})
"""With what it does not in Truto's words, where a payload has any other field."""


class Observer:
    """Looks at events of some types, some at a time, and tells what they say of conditions.

    ``within`` are asked only where the event starts the workflow of ``rule``.
    """

    def __init__(
        self,
        event_names: Sequence[str],
        watched: Iterable[Watched],
        *,
        within: Iterable[Watched] = (),
        rule: Rule | None = None,
    ) -> None:
        self.event_names = event_names
        self._watched = list(watched)
        self._within = list(within)
        self._rule = rule

    def add(
        self, events: Sequence[Event], is_over: Callable[[], bool]
    ) -> Generator[None, None, None]:
        """Look at events until it is over; it yields after each part of a condition."""
        for event in events:
            if is_over():
                return
            view = EventView(event)
            for watched in self._asked(view):
                for _ in watched.add(view):
                    yield
                    if is_over():
                        return

    def findings(self) -> Iterator[Finding | None]:
        """What was found; None after each part that was looked through.

        Fields of payloads are named, and their values are not.
        """
        for watched in (*self._watched, *self._within):
            yield from watched.findings()

    def _asked(self, view: EventView) -> Iterator[Watched]:
        yield from self._watched
        if self._within and self._rule is not None and judge(view, self._rule).is_match:
            yield from self._within


def observers_of(workflow: Workflow, expressions: ExpressionCache) -> Iterator[Observer]:
    """One for the events that start the workflow, and one for each that its steps wait for.

    The workflow's definition must have no problems.
    """
    rule, dialect = compile_rule(workflow.conditions, expressions), workflow.dialect
    whole = Sees(dialect=dialect, name=rule.name, is_told=lambda _: True)
    own: list[Watched] = []
    if rule.filter is not None:
        own.append(WatchedFilter(rule.filter, whole))
    if rule.run_if is not None:
        own.append(WatchedExpression("/run_if", rule.run_if.source, whole, expressions))
    within = islice(_within(workflow, expressions), WATCHED_MAX)
    yield Observer(rule.event_names, own, within=within, rule=rule)
    yield from _of_waits(workflow, expressions)


def _within(workflow: Workflow, expressions: ExpressionCache) -> Iterator[Watched]:
    """The conditions of steps and edges."""
    definition = workflow.definition
    sees = Sees(
        dialect=workflow.dialect,
        name=definition.name,
        is_told=_told(workflow),
        events="events that start it",
        variables=_VARIABLES,
    )
    placed = [
        (f"/steps/{index}/{place}", source)
        for index, step in enumerate(definition.steps)
        for place, source in conditions_in(step)
        if place != _MATCH
    ]
    placed += [(f"/edges/{i}/condition", edge.condition) for i, edge in enumerate(definition.edges)]
    for pointer, source in placed:
        if source is not None:
            yield WatchedExpression(pointer, source, sees, expressions)
    for index, step in enumerate(definition.steps):
        if step.filters is not None:
            yield WatchedFilter(compile_filter(step.filters, f"/steps/{index}/filters"), sees)


def _of_waits(workflow: Workflow, expressions: ExpressionCache) -> Iterator[Observer]:
    """Waits see the event that they wait for, in native words."""
    awaited: defaultdict[str, list[Watched]] = defaultdict(list)
    for index, step in enumerate(workflow.definition.steps):
        if step.wait is not None and step.wait.match is not None:
            name = step.wait.event_name
            sees = Sees(
                dialect=Dialect.NATIVE,
                name=workflow.definition.name,
                is_told=lambda _: True,
                events=f"events '{name}'",
                variables=_VARIABLES,
            )
            pointer = f"/steps/{index}/{_MATCH}"
            awaited[name].append(WatchedExpression(pointer, step.wait.match, sees, expressions))
    for name, watched in awaited.items():
        yield Observer((name,), watched)


def _told(workflow: Workflow) -> Callable[[Path], bool]:
    """Whether what is at a path, as a step sees it, is what the event alone has there."""
    dialect = workflow.dialect
    root = ("context",) if dialect is Dialect.THENA else ()
    placed = [
        _rooted(tuple(one.target_path.split(".")), root) for one in workflow.definition.annotations
    ]

    def is_told(path: Path) -> bool:
        own = _rooted(path, root)
        if not own or any(own[: len(at)] == at[: len(own)] for at in placed):
            return False
        known = _TOLD.get(dialect)
        return own[0] not in _OTHERS if known is None else own[0] in known

    return is_told


def _rooted(path: Path, root: Path) -> Path:
    return path[len(root) :] if root and path[: len(root)] == root else path
