"""What a condition in JSONata compares, and the patterns in it, read from its syntax tree.

Where ``terms.py`` tells what must be so whenever a condition holds, this tells what is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from jsonata.parser import Parser

from shared.expr.terms import Literal, Names

NODES_MAX: Final = 10_000
"""Of a condition, so many parts are looked at."""

_TURNED: Final = MappingProxyType(
    {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
)
_SAME_ROOT: Final = ("lhs", "rhs", "condition", "then", "_else", "expressions", "arguments")
_BELOW: Final = (*_SAME_ROOT, "steps", "stages", "predicate", "expression", "expr", "body")
_LITERALS: Final = frozenset({"string", "number", "value"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """``path`` ``operator`` ``literal``; one of ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``."""

    path: Names
    operator: str
    literal: Literal


def comparisons_in(source: str) -> list[Comparison]:
    """Every comparison of a path from the root with a literal; raises nothing.

    None that stands within a path, where names are no longer those of the root.
    """
    found: list[Comparison] = []
    for node in _nodes(source, _SAME_ROOT, entered=("binary", "block", "condition", "function")):
        if node.type == "binary" and node.value in _TURNED:
            found += _compared(node)
    return found


def patterns_in(source: str) -> list[str]:
    """Every regular expression of a valid condition, without its flags; raises nothing."""
    return [
        str(getattr(node.value, "pattern", node.value))
        for node in _nodes(source, _BELOW)
        if node.type == "regex"
    ]


def _nodes(source: str, below: Sequence[str], entered: Sequence[str] = ()) -> Iterator[Any]:
    """The nodes of a tree, in some order; only those of some types are entered, if any are said."""
    try:
        left: list[Any] = [Parser().parse(source)]
    except Exception:  # noqa: BLE001 - whatever the parser trips over is not understood, no more
        return
    for _ in range(NODES_MAX):
        if not left:
            return
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif hasattr(node, "type"):
            yield node
            if not entered or node.type in entered:
                left += [part for name in below if (part := getattr(node, name, None)) is not None]


def _compared(node: Any) -> Iterator[Comparison]:
    for one, other, operator in (
        (node.lhs, node.rhs, node.value),
        (node.rhs, node.lhs, _TURNED[node.value]),
    ):
        path = _path(one)
        if path is not None and getattr(other, "type", None) in _LITERALS:
            yield Comparison(path, operator, other.value)


def _path(node: Any) -> Names | None:
    """The names of a path from the root, and of nothing more than names."""
    if getattr(node, "type", None) != "path":
        return None
    steps = list(node.steps)
    if steps and steps[0].type == "variable" and steps[0].value in ("", "$"):
        steps = steps[1:]
    is_plain = steps and all(step.type == "name" and not _is_filtered(step) for step in steps)
    return tuple(str(step.value) for step in steps) if is_plain else None


def _is_filtered(step: Any) -> bool:
    return bool(getattr(step, "stages", None) or getattr(step, "predicate", None))
