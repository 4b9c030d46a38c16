"""What an execution would do, as far as its event alone tells; nothing is done for it.

Steps that only compute are computed, so that what follows them is known too. The rest have
outcomes that nobody can foresee; what depends on these says so.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from graphlib import TopologicalSorter
from typing import Any, Final, TypeAlias

from services.api.workflows.foreseen_scope import ForeseenScope
from shared.domain.errors import Rejected
from shared.domain.executions import Attempt, AttemptStatus, State, Status
from shared.domain.ids import StepId
from shared.domain.plans import ANNOTATE, RESULT, TURN, Plan
from shared.domain.readiness import Readiness, readiness
from shared.domain.steps import DEFAULT_CASE, FALSE, TRUE, Edge, Step, StepKind
from shared.domain.values import Value
from shared.expr.errors import ExpressionError
from shared.expr.reads import Path, paths_of, paths_read
from shared.matching.annotated import split_filter
from shared.matching.filters import compile_filter

WITHIN_S: Final = 5.0
"""How long all of it may take."""

_TRANSFORM: Final = "transform"
_INPUT: Final = "$input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What something comes to: a value, an error, or nothing before ``needs`` have ended."""

    value: Any = None
    needs: tuple[str, ...] = ()
    error: ExpressionError | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is a value."""
        return not self.needs and self.error is None


Asking: TypeAlias = Generator[None, None, Foreseen]


class Runs(StrEnum):
    """Whether a step would run; ``depends``: on the outcomes of others."""

    YES = "yes"
    NO = "no"
    FAILS = "fails"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenStep:
    """One step; ``level`` is how many come before it, one after another, on the longest way.

    ``tests`` are what may keep it from running: ``edges``, ``filters`` and ``run_if``, where it has
    them; ``reason`` is the one that does, or ``input`` where that fails. ``choice`` is the way by
    which it is left, ``items`` those of an iterator.
    """

    step: Step
    level: int
    after: tuple[str, ...]
    tests: Mapping[str, Foreseen]
    input: Foreseen
    choice: Foreseen | None
    items: Foreseen | None
    runs: Runs = Runs.YES
    reason: str | None = None
    depends_on: tuple[str, ...] = ()


class Foresight:
    """Walks through a plan once."""

    def __init__(self, plan: Plan, scope: ForeseenScope, monotonic: Callable[[], float]) -> None:
        self._plan = plan
        self._scope = scope
        self._monotonic = monotonic
        self._settled: dict[StepId, Attempt] = {}

    def steps(self) -> Generator[None, None, list[ForeseenStep]]:
        """Every step, in an order in which they could run; it yields after each evaluation.

        Raises Rejected when that takes longer than ``WITHIN_S``.
        """
        found, until_s = [], self._monotonic() + WITHIN_S
        for level, step in self._in_order():
            if self._monotonic() > until_s:
                raise Rejected(f"To foresee this takes longer than {WITHIN_S:g} s; simplify it.")
            found.append((yield from self._foreseen(step, level)))
            self._settle(found[-1])
        return found

    def _in_order(self) -> Iterator[tuple[int, Step]]:
        sorter = TopologicalSorter(self._plan.sources)
        sorter.prepare()
        place = {step.id: index for index, step in enumerate(self._plan.steps)}
        level = 0
        while batch := sorter.get_ready():
            for step_id in sorted(batch, key=place.__getitem__):
                yield level, self._plan.by_id[step_id]
            sorter.done(*batch)
            level += 1

    def _foreseen(self, step: Step, level: int) -> Generator[None, None, ForeseenStep]:
        is_dead, tests = yield from self._tests(step)
        given = yield from self._resolved(step.input)
        choice = yield from self._choice(step, given)
        items = None
        if step.iterator is not None:
            items = yield from self._resolved(step.iterator.items)
        found = ForeseenStep(
            step=step,
            level=level,
            after=tuple(dict.fromkeys(self._plan.sources[step.id])),
            tests=tests,
            input=given,
            choice=choice,
            items=items,
        )
        return replace(found, runs=Runs.NO, reason="edges") if is_dead else _judged(found)

    def _tests(self, step: Step) -> Generator[None, None, tuple[bool, dict[str, Foreseen]]]:
        """Whether no edge leads to the step any more, and its tests in the order they are made."""
        tests: dict[str, Foreseen] = {}
        sources = dict.fromkeys(self._plan.sources[step.id])
        if needs := tuple(source for source in sources if source not in self._settled):
            tests["edges"] = Foreseen(needs=needs)
        else:
            state = State(status=Status.RUNNING, settled=self._settled)
            ready, edges = readiness(self._plan, state, step)
            if ready is Readiness.DEAD:
                return True, {}
            if edges:
                tests["edges"] = yield from self._first_that_holds(edges)
        if (filtered := (yield from self._filters(step))) is not None:
            tests["filters"] = filtered
        if step.run_if is not None:
            tests["run_if"] = yield from self._holds(step.run_if)
        return False, tests

    def _first_that_holds(self, edges: Iterable[Edge]) -> Asking:
        """As the executor looks: one after another, until one holds or fails."""
        held = Foreseen(value=False)
        for edge in edges:
            held = yield from self._holds(edge.condition or "true", along=edge.source)
            if not held.is_known or held.value:
                break
        return held

    def _filters(self, step: Step) -> Generator[None, None, Foreseen | None]:
        if step.id == ANNOTATE:
            paths = [annotation.target_path for annotation in self._plan.annotations]
            _, later = split_filter(self._plan.filters, paths)
            return None if later is None else Foreseen(needs=(ANNOTATE,))
        if step.filters is None:
            return None
        compiled = compile_filter(step.filters)
        read = {tuple((one.path or "").split(".")) for one in compiled.observed({})}
        return (
            yield from self._unless_open(
                read, lambda: compiled.matches(self._scope.seen(self._settled))
            )
        )

    def _holds(
        self, source: str, given: Foreseen | None = None, along: str | None = None
    ) -> Asking:
        """Whether a condition is true; one that sees the step's input waits for it.

        ``along`` is the step at which the edge begins that has the condition.
        """
        if given is not None and not given.is_known and _INPUT in source:
            return given
        paths, seen = paths_read(source), None if given is None else given.value
        return (
            yield from self._unless_open(
                paths, lambda: self._scope.holds(source, paths, self._settled, seen, along)
            )
        )

    def _resolved(self, value: Value) -> Asking:
        paths = paths_of(value)
        return (
            yield from self._unless_open(
                paths, lambda: self._scope.resolve(value, paths, self._settled)
            )
        )

    def _unless_open(self, paths: Iterable[Path], ask: Callable[[], Any]) -> Asking:
        open_steps = [step.id for step in self._plan.steps if step.id not in self._settled]
        if needs := self._scope.needed(paths, open_steps):
            return Foreseen(needs=needs)
        try:
            found = Foreseen(value=ask())
        except ExpressionError as error:
            found = Foreseen(error=error)
        yield
        return found

    def _choice(self, step: Step, given: Foreseen) -> Generator[None, None, Foreseen | None]:
        if step.kind is StepKind.CONDITION:
            held = yield from self._holds(step.condition or "false", given)
            return Foreseen(value=TRUE if held.value else FALSE) if held.is_known else held
        if step.kind is not StepKind.SWITCH:
            return None
        for case in step.cases:
            held = yield from self._holds(case.when, given)
            if not held.is_known:
                return held
            if held.value:
                return Foreseen(value=case.handle)
        return Foreseen(value=DEFAULT_CASE)

    def _settle(self, found: ForeseenStep) -> None:
        """Keep a step's outcome, where there can be only one."""
        status = _STATUS[found.runs] if found.runs in _STATUS else self._status(found)
        if status is None:
            return
        step_id, at = StepId(found.step.id), self._scope.now
        is_done = status is AttemptStatus.COMPLETED
        self._settled[step_id] = Attempt(
            step_id=step_id,
            number=1,
            status=status,
            started_at=at,
            ended_at=at,
            input=found.input.value,
            output=self._output(found) if is_done else None,
            handle=found.choice.value if is_done and found.choice is not None else None,
        )

    def _status(self, found: ForeseenStep) -> AttemptStatus | None:
        """How a step that runs ends, if that is known: it only computes, of what is known."""
        step = found.step
        if found.runs is Runs.DEPENDS or step.approval is not None or step.schedule is not None:
            return None
        match step.kind:
            case StepKind.ACTION:
                is_brief = step.action == _TRANSFORM or step.id in (TURN, ANNOTATE, RESULT)
                is_done = is_brief and found.input.is_known
            case StepKind.CONDITION | StepKind.SWITCH:
                is_done = found.choice is not None and found.choice.is_known
            case StepKind.TRIGGER:
                is_done = True
            case StepKind.RESPOND:
                is_done = found.input.is_known
            case _:
                is_done = False
        return AttemptStatus.COMPLETED if is_done else None

    def _output(self, found: ForeseenStep) -> Any:
        match found.step.kind:
            case StepKind.CONDITION if found.choice is not None:
                return {"result": found.choice.value == TRUE}
            case StepKind.SWITCH if found.choice is not None:
                return {"case": found.choice.value}
            case StepKind.TRIGGER:
                return self._scope.event.payload
            case _:
                return found.input.value


_STATUS: Final = {Runs.NO: AttemptStatus.SKIPPED, Runs.FAILS: AttemptStatus.FAILED}


def _judged(found: ForeseenStep) -> ForeseenStep:
    """Whether it runs: what is known to keep it from running does, whatever else is open."""
    depends_on: dict[str, None] = {}
    for name, test in found.tests.items():
        if test.is_known and not test.value:
            return replace(found, runs=Runs.NO, reason=name)
        if test.error is not None and not depends_on:
            return replace(found, runs=Runs.FAILS, reason=name)
        depends_on |= dict.fromkeys(test.needs)
    if depends_on:
        return replace(found, runs=Runs.DEPENDS, depends_on=tuple(depends_on))
    for name, part in (("input", found.input), ("choice", found.choice), ("items", found.items)):
        if part is not None and part.error is not None:
            return replace(found, runs=Runs.FAILS, reason=name)
    return found
