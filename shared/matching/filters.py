"""The filter language (docs/FILTERS.md): from a JSON tree to something that tests scopes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, TypeAlias

from shared.domain.errors import Invalid, Problem
from shared.matching.clauses import (
    All,
    AnyOf,
    Clause,
    Negation,
    Node,
    Operands,
    Path,
    Segment,
    Test,
    index_of,
)
from shared.matching.operators import OPERATORS, Operator
from shared.matching.shapes import LOGICAL, Shape, TooDeep, entries_of, is_list, shape_of

CLAUSES_MAX = 500
DEPTH_MAX = 16
PATTERNS_MAX = 10
PATH_CHARS_MAX = 256
PROBLEMS_MAX = 100

EVENT = "event"

_NAMES = (*OPERATORS, *LOGICAL)
_TEMPLATE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_PATHS_KNOWN_MAX = 4_096
_PLANS_KNOWN_MAX = 1_024
SHARED_OPERANDS_MAX = 64
"""The shapes of larger filters are not kept: they would take much memory, and few are alike."""


_Check: TypeAlias = "Problem | tuple[int, str, Operator]"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What filters of one shape have alike; clauses are given the operands of one of them.

    There are so many ``operands``. ``checks`` are what is wrong with the shape, and the operands to
    be made ready, which may be wrong: which, at which pointer, of which operator. ``excesses`` are
    what there is too much of.
    """

    root: Node
    operands: int
    reads_event: bool
    checks: Sequence[_Check]
    excesses: Sequence[Problem]


class Filter:
    """A compiled filter. It answers for any JSON value and raises nothing.

    Unless it ``reads_event`` it never looks at the root ``event`` of a scope.
    """

    __slots__ = ("operands", "plan")

    def __init__(self, plan: Plan, operands: Operands) -> None:
        self.plan = plan
        self.operands = operands

    @property
    def reads_event(self) -> bool:
        """Whether it may look there."""
        return self.plan.reads_event

    def matches(self, scope: Any) -> bool:
        """Whether ``scope`` passes."""
        return self.explain(scope) is None

    def explain(self, scope: Any) -> Clause | None:
        """The clause that keeps ``scope`` out, with its actual operands; None if it passes.

        A clause with an ``error`` could not be answered: the filter then neither matches nor not.
        """
        return self.plan.root.failure(scope, self.operands)

    def observed(self, scope: Any) -> Iterator[Clause]:
        """Every test with its actual operands."""
        return self.plan.root.observed(scope, self.operands)


def compile_filter(tree: Any, pointer: str = "/filters") -> Filter:
    """``tree``, found at ``pointer`` of its document, made ready to test scopes.

    None is a filter that everything passes. Raises ``Invalid`` with every problem of the tree
    (the first ``PROBLEMS_MAX``).
    """
    operands: list[Any] = []
    try:
        shape = () if tree is None else shape_of(tree, operands, DEPTH_MAX)
    except TooDeep:
        detail = f"The filter is deeper than {DEPTH_MAX} levels; make it flatter."
        problem = Problem(pointer=pointer, code="FILTER_TOO_DEEP", detail=detail)
        raise Invalid([problem]) from None
    plan = (_planned if len(operands) <= SHARED_OPERANDS_MAX else _plan)(shape, pointer)
    if plan.checks or plan.excesses:
        problems = [*filter(None, [_problem(check, operands) for check in plan.checks])]
        if problems or plan.excesses:
            raise Invalid([*problems[:PROBLEMS_MAX], *plan.excesses])
    return Filter(plan, tuple(operands))


def _problem(check: _Check, operands: list[Any]) -> Problem | None:
    """What is wrong; None where an operand could be made ready, which is put in its place."""
    if isinstance(check, Problem):
        return check
    at, pointer, operator = check
    try:
        operands[at] = operator.prepared(operands[at])
    except ValueError as error:
        return Problem(pointer=pointer, code="INVALID_OPERAND", detail=str(error))
    return None


def _plan(shape: Shape, pointer: str) -> Plan:
    reader = _Reader()
    root = reader.filter(shape, pointer)
    excesses = [*reader.excesses(pointer)]
    return Plan(root, reader.operands, reader.reads_event, reader.checks, excesses)


_planned = lru_cache(_PLANS_KNOWN_MAX)(_plan)


def path_of(key: str) -> Path | None:
    """The path that a filter's key names; None: it is none."""
    return None if len(key) > PATH_CHARS_MAX else _path_of(key)


@lru_cache(_PATHS_KNOWN_MAX)
def _path_of(key: str) -> Path | None:
    template = _TEMPLATE.fullmatch(key)
    written = template[1] if template else key
    parts = written.split(".")
    if not all(parts) or any(c in written for c in "{}"):
        return None
    return Path(written, tuple(Segment(part, index_of(part)) for part in parts))


class _Reader:
    """Reads one shape, at most ``DEPTH_MAX`` deep, noting what is wrong with it on the way."""

    def __init__(self) -> None:
        self.checks: list[_Check] = []
        self._problems = 0
        self.reads_event = False
        self.operands = 0
        self._clauses = 0
        self._patterns = 0

    def excesses(self, pointer: str) -> Iterable[Problem]:
        """What there is too much of."""
        if self._clauses > CLAUSES_MAX:
            detail = f"{self._clauses} clauses; a filter may have {CLAUSES_MAX}."
            yield Problem(pointer=pointer, code="FILTER_TOO_LARGE", detail=detail)
        if self._patterns > PATTERNS_MAX:
            detail = f"{self._patterns} patterns; a filter may have {PATTERNS_MAX}."
            yield Problem(pointer=pointer, code="FILTER_TOO_LARGE", detail=detail)

    def filter(self, shape: Shape, pointer: str) -> Node:
        """Paths with their conditions, or a list of such objects."""
        if is_list(shape):
            items = enumerate(shape[1:])
            return _all([self.filter(item, f"{pointer}/{i}") for i, item in items])
        if isinstance(shape, tuple):
            self._clauses += not shape  # an empty one is no condition, but not for nothing either
            entries = entries_of(shape)
            return _all([self._entry(key, part, _at(pointer, key)) for key, part in entries])
        return self._fault(
            pointer,
            "INVALID_FILTER",
            'A filter is an object such as {"status": {"~eq": "open"}}, or a list of them.',
        )

    def _entry(self, key: str, shape: Shape, pointer: str) -> Node:
        if not key.startswith("~"):
            return self._condition(self._path(key, pointer), shape, pointer)
        self.operands += isinstance(shape, type)
        if key in LOGICAL:
            return self._logical(key, shape, pointer, None)
        if key in OPERATORS:
            detail = f'{key} needs a path around it, such as {{"status": {{"{key}": …}}}}.'
            return self._fault(pointer, "MISPLACED_OPERATOR", detail)
        return self._unknown(key, pointer)

    def _condition(self, path: Path, shape: Shape, pointer: str) -> Node:
        """Operators on ``path``, or the value that it is to equal."""
        if isinstance(shape, type):
            return self._test(path, "~eq", shape, pointer)
        entries = entries_of(shape)
        return _all([self._operator(path, key, part, _at(pointer, key)) for key, part in entries])

    def _operator(self, path: Path, key: str, shape: Shape, pointer: str) -> Node:
        if key in OPERATORS:
            return self._test(path, key, shape, pointer)
        if key == "~not":
            return self._logical(key, shape, pointer, path)
        self.operands += isinstance(shape, type)
        if key in LOGICAL:
            return self._logical(key, shape, pointer, path)
        if key.startswith("~"):
            return self._unknown(key, pointer)
        detail = f"'{key}' stands among operators; write the path as '{path.written}.{key}'."
        return self._fault(pointer, "MIXED_CONDITION", detail)

    def _logical(self, key: str, shape: Shape, pointer: str, path: Path | None) -> Node:
        if key == "~not":
            return Negation(pointer, self._part(shape, pointer, path))
        if not is_list(shape) or shape == (list,):
            detail = f"{key} takes a list of at least one condition."
            return self._fault(pointer, "INVALID_OPERAND", detail)
        parts = [self._part(item, f"{pointer}/{i}", path) for i, item in enumerate(shape[1:])]
        return _all(parts) if key == "~and" else AnyOf(pointer, tuple(parts))

    def _part(self, shape: Shape, pointer: str, path: Path | None) -> Node:
        if path is None:
            return self.filter(shape, pointer)
        return self._condition(path, shape, pointer)

    def _test(self, path: Path, name: str, kind: Shape, pointer: str) -> Node:
        known, at = OPERATORS[name], self.operands
        self.operands += 1
        self._clauses += 1
        self._patterns += "regex" in name
        if self._clauses > CLAUSES_MAX or self._patterns > PATTERNS_MAX:
            return All(())  # already refused: no more work on it
        if known.kinds is not None and kind not in known.kinds:
            return self._fault(pointer, "INVALID_OPERAND", f"{name} takes {known.takes}.")
        if known.is_prepared:
            self.checks.append((at, pointer, known))
        return Test(pointer=pointer, path=path, operator=known, at=at)

    def _path(self, key: str, pointer: str) -> Path:
        path = path_of(key)
        if path is None:
            detail = (
                "A path is names with dots between them, such as 'account.plan' or "
                f"'{{{{account.plan}}}}', of at most {PATH_CHARS_MAX} characters."
            )
            self._fault(pointer, "INVALID_PATH", detail)
            return Path(key, ())
        self.reads_event |= path.root == EVENT
        return path

    def _unknown(self, key: str, pointer: str) -> Node:
        if self._problems >= PROBLEMS_MAX:
            return All(())
        near = get_close_matches(key[:32], _NAMES, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(_NAMES)}."
        return self._fault(pointer, "UNKNOWN_OPERATOR", f"There is no operator '{key[:32]}'{hint}")

    def _fault(self, pointer: str, code: str, detail: str) -> Node:
        self._problems += 1
        if self._problems <= PROBLEMS_MAX:
            self.checks.append(Problem(pointer=pointer, code=code, detail=detail))
        return All(())


def _all(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _at(pointer: str, key: str) -> str:
    # Kept, as most filters have the same places: each is one object then.
    is_short = len(pointer) + len(key) <= PATH_CHARS_MAX
    return (_kept_place if is_short else _place)(pointer, key)


def _place(pointer: str, key: str) -> str:
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"


_kept_place = lru_cache(_PATHS_KNOWN_MAX)(_place)
