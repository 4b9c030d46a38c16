"""``{{context.path}}`` in a JSON tree.

Paths are dotted; an array's item is reached as ``items.0``, ``items[0]`` or ``items.-1``. A value
keeps its type where the placeholder is the whole text, and becomes text elsewhere. A missing
value is null, inside a text nothing. What is brought in is data and never read again.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.domain.errors import Problem
from shared.expr.bounds import STEP, Bounds
from shared.expr.casts import as_text
from shared.expr.jsonata import UNDEFINED
from shared.expr.trees import Budget, filled, looked_up, texts

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_PATH = re.compile(r"context(?:\.[^\s.\[\]]+|\[-?\d{1,9}\])*", re.ASCII)


def render(tree: Any, scope: Mapping[str, Any], *, bounds: Bounds = STEP) -> Any:
    """``tree`` with every placeholder filled from ``scope``, whose root has ``context``.

    Raises ``ExpressionError`` for a result beyond ``bounds``.
    """
    budget = Budget(bounds)
    return filled(tree, lambda text: _filled(text, scope, budget), budget)


def check(tree: Any, pointer: str = "") -> list[Problem]:
    """Every placeholder in ``tree`` that is no path; ``pointer`` is where the tree stands."""
    return [
        Problem(
            pointer=at,
            code="INVALID_TEMPLATE",
            detail=f"{found[0]} is no path; write it as in '{{{{context.event.eventName}}}}'.",
        )
        for at, text in texts(tree, pointer)
        for found in _PLACEHOLDER.finditer(text)
        if not _PATH.fullmatch(found[1].strip())
    ]


def paths_read(tree: Any) -> Iterator[str]:
    """The path of every placeholder in ``tree``."""
    for _, text in texts(tree):
        for found in _PLACEHOLDER.finditer(text):
            if _PATH.fullmatch(found[1].strip()):
                yield _dotted(found[1])


def _filled(text: str, scope: Mapping[str, Any], budget: Budget) -> Any:
    budget.spend(len(text))
    whole = _PLACEHOLDER.fullmatch(text)
    if whole is not None:
        value = _value(whole, scope)
        budget.spend_value(value)
        return value

    def fill(found: re.Match[str]) -> str:
        value = _value(found, scope)
        written = "" if value is None else as_text(value)
        budget.spend(len(written))
        return written

    return _PLACEHOLDER.sub(fill, text)


def _value(found: re.Match[str], scope: Mapping[str, Any]) -> Any:
    if not _PATH.fullmatch(found[1].strip()):
        return found[0]
    value = looked_up(scope, _dotted(found[1]))
    return None if value is UNDEFINED else value


def _dotted(written: str) -> str:
    return written.strip().replace("[", ".").replace("]", "")
