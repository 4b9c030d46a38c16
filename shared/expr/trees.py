"""JSON trees whose texts are templates: what is common to their languages."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.expr.bounds import Bounds
from shared.expr.casts import as_json
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import UNDEFINED


class Budget:
    """Counts what one rendering may still bring in; ``ExpressionError`` for what passes it."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._left_bytes = bounds.result_bytes_max

    def spend(self, size_bytes: int) -> None:
        """Count a piece of the result."""
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            limit = self._bounds.result_bytes_max
            raise ExpressionError("TEMPLATE_SIZE", f"The result is larger than {limit} bytes.")

    def spend_value(self, value: Any) -> None:
        """Count a value that is put into the result as it is."""
        if isinstance(value, str):
            self.spend(len(value))
        else:
            self.spend(len(as_json(value)) if isinstance(value, dict | list) else 1)

    def enter(self, depth: int) -> None:
        """Go down to a level of the tree."""
        if depth > self._bounds.depth_max:
            limit = self._bounds.depth_max
            raise ExpressionError("TEMPLATE_DEPTH", f"The template is deeper than {limit} levels.")


def filled(
    tree: Any,
    fill: Callable[[str], Any],
    budget: Budget,
    *,
    finish: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    depth: int = 0,
) -> Any:
    """``tree`` with ``fill`` of each text in its place; ``UNDEFINED`` takes its key or place along.

    ``finish`` is given every object made. Keys are never templates.
    """
    budget.enter(depth)
    match tree:
        case str():
            return fill(tree)
        case list():
            items = (filled(item, fill, budget, finish=finish, depth=depth + 1) for item in tree)
            return [item for item in items if item is not UNDEFINED]
        case dict():
            children = (
                (key, filled(child, fill, budget, finish=finish, depth=depth + 1))
                for key, child in tree.items()
            )
            return finish({key: item for key, item in children if item is not UNDEFINED})
        case _:
            return tree


def texts(tree: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every text of ``tree`` with its JSON pointer, in order; ``pointer`` is the tree's own."""
    pending = [(pointer, tree)]
    while pending:  # not recursive: what is checked has no bound on its depth yet
        at, node = pending.pop()
        if isinstance(node, str):
            yield at, node
        elif isinstance(node, Mapping):
            items = [(key.replace("~", "~0").replace("/", "~1"), node[key]) for key in node]
            pending += [(f"{at}/{key}", item) for key, item in reversed(items)]
        elif isinstance(node, list):
            pending += [(f"{at}/{i}", node[i]) for i in reversed(range(len(node)))]


def looked_up(scope: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path such as ``a.0.b`` or ``items.-1``; ``UNDEFINED`` if nothing."""
    node: Any = scope
    for part in path.split("."):
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, list) and re.fullmatch(r"-?\d{1,9}", part, re.ASCII):
            index = int(part)
            if not -len(node) <= index < len(node):
                return UNDEFINED
            node = node[index]
        else:
            return UNDEFINED
    return node
