"""What a condition in JSONata asks of single paths, as far as that can be told without running it.

The result is weaker than the condition: whenever the condition holds, so does its ``Term``. What is
not understood is ``ANYTHING``, which always holds. Read from the syntax tree of the ``jsonata``
package; texts that differ only in their literals share one tree.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from jsonata.parser import Parser

Names: TypeAlias = tuple[str, ...]
Literal: TypeAlias = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Compared:
    """``path`` ``operator`` ``literal``; one of ``=``, ``<``, ``<=``, ``>``, ``>=``."""

    path: Names
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value at ``path`` is one of ``literals``."""

    path: Names
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """The value at ``path`` is ``literal``, or a list that has it."""

    path: Names
    literal: Literal


@dataclass(frozen=True, slots=True)
class Exists:
    """There is something at ``path``."""

    path: Names


@dataclass(frozen=True, slots=True)
class Starts:
    """The text at ``path`` begins with ``text``."""

    path: Names
    text: str


@dataclass(frozen=True, slots=True)
class Every:
    """Each of ``parts`` holds; without any, it always does."""

    parts: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of ``parts`` holds."""

    parts: tuple["Term", ...]


Term: TypeAlias = Compared | OneOf | Holds | Exists | Starts | Every | Some

ANYTHING: Final = Every(())

TEMPLATES_MAX: Final = 2_048
DEPTH_MAX: Final = 40

_TURNED: Final = MappingProxyType({"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="})
_LITERAL: Final = re.compile(
    r"""(?P<name>`[^`]*`|[A-Za-z_$][\w$]*)
    |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<number>(?<![\w.\])}])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)""",
    re.VERBOSE,
)
_MARK: Final = "\x01"
_ANCHORED: Final = re.compile(r"\^([A-Za-z0-9_@ :/-]+)(.?)", re.DOTALL)
_ESCAPED: Final = "\\"
_EXTRAS: Final = attrgetter("stages", "predicate", "focus", "index", "group", "tuple")
_BEYOND: Final = object()
"""For a literal that is none."""


def term_of(source: str) -> Term:
    """What a valid condition asks; ``ANYTHING`` where that is not understood. Raises nothing."""
    template, literals = _template(source)
    tree = _tree(template)
    return ANYTHING if tree is None else _Reader(literals).term(tree, 0)


def anchored_text(pattern: str) -> str:
    """What a regular expression makes a text begin with, where that is plain to see."""
    found = None if "|" in pattern else _ANCHORED.match(pattern)
    if found is None:
        return ""
    return found[1][:-1] if found[2] and found[2] in "*?{" else found[1]


@lru_cache(TEMPLATES_MAX)
def _tree(template: str) -> Any:
    try:
        return Parser().parse(template)
    except Exception:  # noqa: BLE001 - whatever the parser trips over is not understood, no more
        return None


def _template(source: str) -> tuple[str, Sequence[Literal]]:
    """``source`` with marks in place of its literals, and the literals.

    A slash may begin a regular expression or a comment, in which quotes mean something else; and
    what is escaped in a text is left to the parser.
    """
    if "/" in source or _ESCAPED in source or _MARK in source:
        return source, ()
    literals: list[Literal] = []

    def marked(found: "re.Match[str]") -> str:
        if found.lastgroup == "name":
            return found[0]
        is_text = found.lastgroup == "text"
        literals.append(found[0][1:-1] if is_text else float(found[0]))
        return f"'{_MARK}{len(literals) - 1}'"

    return _LITERAL.sub(marked, source), literals


class _Reader:
    """Reads a tree whose marked texts stand for ``literals``."""

    def __init__(self, literals: Sequence[Literal]) -> None:
        self._literals = literals

    def term(self, node: Any, depth: int) -> Term:
        """What ``node`` asks when it is taken for true or false."""
        read = _READ.get(str(getattr(node, "type", "")))
        return ANYTHING if read is None or depth > DEPTH_MAX else read(self, node, depth)

    def _block(self, node: Any, depth: int) -> Term:
        inside = node.expressions
        is_plain = len(inside) == 1 and _is_bare(node)
        return self.term(inside[0], depth + 1) if is_plain else ANYTHING

    def _path_taken(self, node: Any, _depth: int) -> Term:
        path = self._path(node)
        return ANYTHING if path is None else Exists(path)

    def _binary(self, node: Any, depth: int) -> Term:
        match node.value:
            case "and":
                return Every((self.term(node.lhs, depth + 1), self.term(node.rhs, depth + 1)))
            case "or":
                return Some((self.term(node.lhs, depth + 1), self.term(node.rhs, depth + 1)))
            case "=" | "<" | "<=" | ">" | ">=":
                return self._compared(node)
            case "!=":
                path = self._path(node.lhs) or self._path(node.rhs)
                return ANYTHING if path is None else Exists(path)
            case "in":
                return self._contained(node)
            case _:
                return ANYTHING

    def _compared(self, node: Any) -> Term:
        for one, other, operator in (
            (node.lhs, node.rhs, node.value),
            (node.rhs, node.lhs, _TURNED[node.value]),
        ):
            literal = self._literal(other)
            if literal is _BEYOND:
                continue
            path = self._path(one)
            if path is not None:
                return Compared(path, operator, literal)
            if operator == "=" and isinstance(literal, str):
                return self._beginning(one, literal)
        return ANYTHING

    def _beginning(self, node: Any, literal: str) -> Term:
        """``$substring(path, 0, n) = literal``."""
        arguments = _arguments(node, "substring")
        if len(arguments) != len(("path", "from", "count")):
            return ANYTHING
        path, start = self._path(arguments[0]), self._literal(arguments[1])
        is_start = start == 0 and not isinstance(start, bool)
        # A character beyond the Basic Multilingual Plane may count as two.
        return Starts(path, literal) if path and is_start and literal.isascii() else ANYTHING

    def _contained(self, node: Any) -> Term:
        path = self._path(node.lhs)
        if path is not None:
            listed = self._listed(node.rhs)
            return ANYTHING if listed is None else OneOf(path, listed)
        path, literal = self._path(node.rhs), self._literal(node.lhs)
        return ANYTHING if path is None or literal is _BEYOND else Holds(path, literal)

    def _called(self, node: Any, depth: int) -> Term:
        for name in ("exists", "boolean"):
            found = _arguments(node, name)
            if len(found) == 1:
                return (
                    self.term(found[0], depth + 1) if name == "boolean" else self._there(found[0])
                )
        arguments = _arguments(node, "contains")
        path = self._path(arguments[0]) if len(arguments) == len(("path", "pattern")) else None
        if path is None:
            return ANYTHING
        pattern = getattr(arguments[1], "value", None)
        if isinstance(pattern, re.Pattern) and not pattern.flags & (re.IGNORECASE | re.MULTILINE):
            return Starts(path, anchored_text(pattern.pattern))
        return Exists(path)

    def _there(self, node: Any) -> Term:
        path = self._path(node)
        return ANYTHING if path is None else Exists(path)

    def _path(self, node: Any) -> Names | None:
        """The names of a path from the root, and of nothing more than names."""
        if getattr(node, "type", None) != "path" or getattr(node, "group", None) is not None:
            return None
        steps = list(node.steps)
        if steps and steps[0].type == "variable" and steps[0].value in ("", "$"):
            steps = steps[1:] if _is_bare(steps[0]) else []
        if not steps or not all(step.type == "name" and _is_bare(step) for step in steps):
            return None
        names = [self._meant(step.value) for step in steps]
        return tuple(names) if all(isinstance(name, str) for name in names) else None

    def _literal(self, node: Any) -> Any:
        """The value of a literal, ``_BEYOND`` for anything else."""
        kind = getattr(node, "type", None)
        if not _is_bare(node):
            return _BEYOND
        if kind in ("string", "number", "value"):
            return self._meant(node.value)
        if kind == "unary" and node.value == "-":
            number = self._literal(node.expression)
            is_number = isinstance(number, int | float) and not isinstance(number, bool)
            return -number if is_number else _BEYOND
        return _BEYOND

    def _listed(self, node: Any) -> tuple[Literal, ...] | None:
        if getattr(node, "type", None) != "unary" or node.value != "[" or not _is_bare(node):
            literal = self._literal(node)
            return None if literal is _BEYOND else (literal,)
        literals = [self._literal(item) for item in node.expressions]
        return None if any(item is _BEYOND for item in literals) else tuple(literals)

    def _meant(self, value: Any) -> Any:
        """What a text in the tree stands for."""
        if isinstance(value, str) and value.startswith(_MARK):
            return self._literals[int(value[1:])]
        return value


_READ: Final[Mapping[str, Callable[[_Reader, Any, int], Term]]] = MappingProxyType(
    {
        "block": _Reader._block,  # noqa: SLF001 - the reader's own table
        "path": _Reader._path_taken,  # noqa: SLF001
        "binary": _Reader._binary,  # noqa: SLF001
        "function": _Reader._called,  # noqa: SLF001
    }
)


def _arguments(node: Any, name: str) -> Sequence[Any]:
    """What a function of this name is called with; nothing where another is, or none."""
    if getattr(node, "type", None) != "function" or not _is_bare(node):
        return ()
    called = node.procedure
    return node.arguments if called.type == "variable" and called.value == name else ()


def _is_bare(node: Any) -> bool:
    """Whether nothing stands after it: no predicate, no variable, no grouping."""
    return not any(_EXTRAS(node))
