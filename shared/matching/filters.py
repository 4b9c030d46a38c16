"""The filter language (docs/FILTERS.md): from a JSON tree to something that tests scopes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from sys import intern
from typing import Any

from shared.domain.errors import Invalid, Problem
from shared.matching.clauses import All, AnyOf, Clause, Negation, Node, Path, Segment, Test
from shared.matching.operators import OPERATORS

CLAUSES_MAX = 500
DEPTH_MAX = 16
PATTERNS_MAX = 10
PATH_CHARS_MAX = 256
PROBLEMS_MAX = 100

EVENT = "event"

_BRANCHES = (dict, list)
_BRANCHES_SET = frozenset(_BRANCHES)
_LOGICAL = ("~and", "~or", "~not")
_NAMES = (*OPERATORS, *_LOGICAL)
_TEMPLATE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_INDEX = re.compile(r"-?\d{1,9}", re.ASCII)
_PATHS_KNOWN_MAX = 4_096
_TEXTS = frozenset({str})


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter. It answers for any JSON value and raises nothing.

    Unless it ``reads_event`` it never looks at the root ``event`` of a scope.
    """

    root: Node
    reads_event: bool = True

    def matches(self, scope: Any) -> bool:
        """Whether ``scope`` passes."""
        return self.explain(scope) is None

    def explain(self, scope: Any) -> Clause | None:
        """The clause that keeps ``scope`` out, with its actual operands; None if it passes.

        A clause with an ``error`` could not be answered: the filter then neither matches nor not.
        """
        return self.root.failure(scope)


def compile_filter(tree: Any, pointer: str = "/filters") -> Filter:
    """``tree``, found at ``pointer`` of its document, made ready to test scopes.

    None is a filter that everything passes. Raises ``Invalid`` with every problem of the tree
    (the first ``PROBLEMS_MAX``).
    """
    if _is_deeper(tree, DEPTH_MAX):
        detail = f"The filter is deeper than {DEPTH_MAX} levels; make it flatter."
        raise Invalid([Problem(pointer=pointer, code="FILTER_TOO_DEEP", detail=detail)])
    reader = _Reader()
    root = All(()) if tree is None else reader.filter(tree, pointer)
    problems = [*reader.problems[:PROBLEMS_MAX], *reader.excesses(pointer)]
    if problems:
        raise Invalid(problems)
    return Filter(root, reads_event=reader.reads_event)


@lru_cache(_PATHS_KNOWN_MAX)
def path_of(key: str) -> Path | None:
    """The path that a filter's key names; None: it is none."""
    template = _TEMPLATE.fullmatch(key)
    written = template[1] if template else key
    parts = written.split(".")
    if len(key) > PATH_CHARS_MAX or not all(parts) or any(c in written for c in "{}"):
        return None
    segments = (Segment(part, int(part) if _INDEX.fullmatch(part) else None) for part in parts)
    return Path(written, tuple(segments))


def _is_deeper(tree: Any, depth_max: int) -> bool:
    level = [tree] if isinstance(tree, _BRANCHES) else []
    for _ in range(depth_max):
        if not level:
            return False
        inner = [node.values() if isinstance(node, dict) else node for node in level]
        # Whether there are any is seen by the types alone: lists may be long.
        level = [
            child
            for nodes in inner
            if not _BRANCHES_SET.isdisjoint(map(type, nodes))
            for child in nodes
            if isinstance(child, _BRANCHES)
        ]
    return any(level)


class _Reader:
    """Reads one tree, at most ``DEPTH_MAX`` deep, noting what is wrong with it on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.reads_event = False
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

    def filter(self, tree: Any, pointer: str) -> Node:
        """Paths with their conditions, or a list of such objects."""
        if isinstance(tree, list):
            return _all([self.filter(item, f"{pointer}/{i}") for i, item in enumerate(tree)])
        if isinstance(tree, dict):
            self._clauses += not tree  # an empty one is no condition, but not for nothing either
            return _all([self._entry(key, tree[key], _at(pointer, key)) for key in tree])
        return self._fault(
            pointer,
            "INVALID_FILTER",
            'A filter is an object such as {"status": {"~eq": "open"}}, or a list of them.',
        )

    def _entry(self, key: str, value: Any, pointer: str) -> Node:
        if not key.startswith("~"):
            return self._condition(self._path(key, pointer), value, pointer)
        if key in _LOGICAL:
            return self._logical(key, value, pointer, None)
        if key in OPERATORS:
            detail = f'{key} needs a path around it, such as {{"status": {{"{key}": …}}}}.'
            return self._fault(pointer, "MISPLACED_OPERATOR", detail)
        return self._unknown(key, pointer)

    def _condition(self, path: Path, tree: Any, pointer: str) -> Node:
        """Operators on ``path``, or the value that it is to equal."""
        if not (isinstance(tree, dict) and any(key.startswith("~") for key in tree)):
            return self._test(path, "~eq", tree, pointer)
        return _all([self._operator(path, key, tree[key], _at(pointer, key)) for key in tree])

    def _operator(self, path: Path, key: str, operand: Any, pointer: str) -> Node:
        if key in OPERATORS:
            return self._test(path, key, operand, pointer)
        if key in _LOGICAL:
            return self._logical(key, operand, pointer, path)
        if key.startswith("~"):
            return self._unknown(key, pointer)
        detail = f"'{key}' stands among operators; write the path as '{path.written}.{key}'."
        return self._fault(pointer, "MIXED_CONDITION", detail)

    def _logical(self, key: str, tree: Any, pointer: str, path: Path | None) -> Node:
        if key == "~not":
            return Negation(pointer, self._part(tree, pointer, path))
        if not isinstance(tree, list) or not tree:
            detail = f"{key} takes a list of at least one condition."
            return self._fault(pointer, "INVALID_OPERAND", detail)
        parts = [self._part(item, f"{pointer}/{i}", path) for i, item in enumerate(tree)]
        return _all(parts) if key == "~and" else AnyOf(pointer, tuple(parts))

    def _part(self, tree: Any, pointer: str, path: Path | None) -> Node:
        return self.filter(tree, pointer) if path is None else self._condition(path, tree, pointer)

    def _test(self, path: Path, name: str, operand: Any, pointer: str) -> Node:
        known = OPERATORS[name]
        self._clauses += 1
        self._patterns += "regex" in name
        if self._clauses > CLAUSES_MAX or self._patterns > PATTERNS_MAX:
            return All(())  # already refused: no more work on it
        if not known.accepts(operand):
            return self._fault(pointer, "INVALID_OPERAND", f"{name} takes {known.takes}.")
        if isinstance(operand, list):
            # Lists of many filters have texts alike: each is kept once.
            is_text = _TEXTS.issuperset(map(type, operand))
            operand = list(map(intern, operand)) if is_text else operand
        try:
            prepared = known.prepared(operand)
        except ValueError as error:
            return self._fault(pointer, "INVALID_OPERAND", str(error))
        return Test(pointer=pointer, path=path, operator=known, wanted=operand, prepared=prepared)

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
        if len(self.problems) >= PROBLEMS_MAX:
            return All(())
        near = get_close_matches(key[:32], _NAMES, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(_NAMES)}."
        return self._fault(pointer, "UNKNOWN_OPERATOR", f"There is no operator '{key[:32]}'{hint}")

    def _fault(self, pointer: str, code: str, detail: str) -> Node:
        self.problems.append(Problem(pointer=pointer, code=code, detail=detail))
        return All(())


def _all(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


@lru_cache(_PATHS_KNOWN_MAX)
def _at(pointer: str, key: str) -> str:
    # Kept, as most filters have the same places: each is one object then.
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
