"""Reading what a condition in JSONata asks of single paths (``terms.py``) from its syntax tree.

The tree is that of the ``jsonata`` package. Texts that differ only in their literals share one, and
mostly one term, with holes for the literals.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from jsonata.parser import Parser

from shared.expr.kept import Kept
from shared.expr.names import ENDS, NAME, NUMBER, TEXT
from shared.expr.terms import (
    ANYTHING,
    Compared,
    Every,
    Exists,
    Holds,
    Hole,
    Literal,
    Names,
    OneOf,
    Operand,
    Some,
    Starts,
    Term,
    anchored_text,
)

TEMPLATES_MAX: Final = 2_048
DEPTH_MAX: Final = 40

_TURNED: Final = MappingProxyType({"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="})
_ALONE: Final = rf"(?<![\w.\])}}]){NUMBER}"
_PIECE: Final = re.compile(
    rf"((?:[{ENDS}]+(?:{NAME})?|{NAME}|`[^`]*`|(?!{TEXT}|{_ALONE})(?s:.))*+)(?:({TEXT})|({NUMBER}))?"
)
"""Whatever is no literal, then a text or a number, if there is one."""
_HALF: Final = re.compile("[\ud800-\udfff]")
_MARK: Final = "\x01"
_MARKED: Final = re.compile(f"{_MARK}(text|number)([0-9]+)")
_ESCAPED: Final = "\\"
_EXTRAS: Final = attrgetter("stages", "predicate", "focus", "index", "group", "tuple")
_BEYOND: Final = object()
"""For a literal that is none."""


Wording: TypeAlias = tuple[str, tuple[Literal, ...] | None]
"""A text with marks in place of its literals, and the literals where what it asks depends on them.

None: it is read as it is written.
"""


def worded(source: str) -> tuple[Wording, Sequence[Literal]]:
    """How a condition is worded, and the literals that stand for the holes of its term."""
    # A slash may begin a regular expression or a comment, in which quotes mean something else; and
    # what is escaped in a text is left to the parser.
    if "/" in source or _ESCAPED in source or _MARK in source:
        return (source, None), ()
    template, literals = _marked(source)
    if _with_holes(template) is None:
        return (template, tuple(literals)), ()
    return (template, ()), literals


def term_of(wording: Wording) -> Term:
    """What a valid condition asks; ``ANYTHING`` where that is not understood. Raises nothing."""
    template, literals = wording
    general = None if literals is None else _with_holes(template)
    return _Reader(literals).read(template) if general is None else general


@lru_cache(TEMPLATES_MAX)
def _with_holes(template: str) -> Term | None:
    """The term with holes for the literals; None where it depends on what they are."""
    reader = _Reader(())
    term = reader.read(template)
    return None if reader.needs_literals else term


def _parsed(template: str) -> Sequence[Any]:
    """Its tree; nothing where that is not understood."""
    if "\v" in template:  # blank to the engine, part of a name to this parser
        return ()
    try:
        return (Parser().parse(template),)
    except Exception:  # noqa: BLE001 - whatever the parser trips over is not understood, no more
        return ()


_tree: Final = Kept(_parsed, TEMPLATES_MAX)


def _marked(source: str) -> tuple[str, Sequence[Literal]]:
    """``source`` with marks in place of its literals, and the literals."""
    template, literals = "", list[Literal]()
    for between, text, number in _PIECE.findall(source):
        template += between
        if text:
            template += f"'{_MARK}text{len(literals)}'"
            literals.append(text[1:-1])
        elif number:
            template += f"'{_MARK}number{len(literals)}'"
            literals.append(float(number))
    return template, literals


class _Reader:
    """Reads a template whose marks stand for ``literals``; for holes where there are none.

    None: what it reads is no template, and no text in it a mark.
    """

    def __init__(self, literals: Sequence[Literal] | None) -> None:
        self._literals = literals
        self.needs_literals = False
        self._may_rebind = False

    def read(self, template: str) -> Term:
        """What the whole asks."""
        # A function, and ``$$``, may be given another meaning in the midst of a condition.
        self._may_rebind = ":=" in template
        found = _tree(template)
        return self.term(found[0], 0) if found else ANYTHING

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
            if operator == "=" and isinstance(literal, str | Hole):
                return self._beginning(one, literal)
        return ANYTHING

    def _beginning(self, node: Any, literal: str | Hole) -> Term:
        """``$substring(path, 0, n) = literal``."""
        arguments = () if self._may_rebind else _arguments(node, "substring")
        if len(arguments) != len(("path", "from", "count")):
            return ANYTHING
        if isinstance(literal, Hole):
            self.needs_literals = True
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
        if self._may_rebind:
            return ANYTHING
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
            is_root = _is_bare(steps[0]) and not (steps[0].value and self._may_rebind)
            steps = steps[1:] if is_root else []
        if not steps or not all(step.type == "name" and _is_bare(step) for step in steps):
            return None
        names = [self._meant(step.value) for step in steps]
        self.needs_literals |= any(isinstance(name, Hole) for name in names)
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
            if isinstance(number, Hole):
                is_negated = not number.is_negated
                return _BEYOND if number.is_text else replace(number, is_negated=is_negated)
            is_number = isinstance(number, int | float) and not isinstance(number, bool)
            return -number if is_number else _BEYOND
        return _BEYOND

    def _listed(self, node: Any) -> tuple[Operand, ...] | None:
        if getattr(node, "type", None) != "unary" or node.value != "[" or not _is_bare(node):
            literal = self._literal(node)
            return None if literal is _BEYOND else (literal,)
        literals = [self._literal(item) for item in node.expressions]
        return None if any(item is _BEYOND for item in literals) else tuple(literals)

    def _meant(self, value: Any) -> Any:
        """What a text in the tree stands for."""
        if isinstance(value, str) and _HALF.search(value):
            return _BEYOND  # halves of characters, which the engine joins or replaces
        found = None if self._literals is None else _MARKED.fullmatch(str(value))
        if found is None:
            return value
        at = int(found[2])
        return self._literals[at] if self._literals else Hole(at, found[1] == "text")


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
