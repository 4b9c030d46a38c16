"""Lists are gone through once, and give what a walk along each path gives."""

import sys
from types import FrameType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.expr.jsonata import ExpressionCache
from shared.matching.spread import Spread
from shared.matching.table import WorkflowTable
from shared.matching.view import EventView
from tests.unit.matching.build import event, workflow

NAMES = st.sampled_from("abc")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def walked(node: Any, names: list[str]) -> list[Any] | None:
    """What a path leads to, one list after another."""
    if isinstance(node, list):
        found = [walked(item, names) for item in node]
        there = [one for some in found if some is not None for one in some]
        return None if names and all(some is None for some in found) else there
    if not names:
        return [node]
    if not isinstance(node, dict) or names[0] not in node:
        return None
    return walked(node[names[0]], names[1:])


def in_order(values: Any) -> list[str] | None:
    """The same whatever the order."""
    return None if values is None else sorted(map(repr, values))


@given(root=st.dictionaries(NAMES, VALUES), paths=st.lists(st.lists(NAMES, min_size=1, max_size=4)))
def test_it_gives_what_a_walk_gives(root: dict[str, Any], paths: list[list[str]]) -> None:
    """Whatever was asked of it before."""
    spread = Spread([root])
    for path in paths:
        assert in_order(spread.at(path)) == in_order(walked(root, path))


def test_many_paths_through_a_long_list_go_through_it_once() -> None:
    """A small condition would hold the matcher for a second, outside every bound."""
    asked = " or ".join(f"(payload.a.x{n} = 1 and payload.a.y{n} = 1)" for n in range(30))
    table = WorkflowTable(ExpressionCache(10))
    table.put(workflow(number=1, run_if=asked).conditions)
    calls = 0

    def count(_frame: FrameType, _kind: str, _given: Any) -> None:
        nonlocal calls
        calls += 1

    lists: list[list[Any]] = [[[]] * 1_000, [{}] * 1_000, [[{}, 1], "x"] * 500]
    for items in lists:
        view = EventView(event({"a": items}))
        sys.setprofile(count)
        try:
            found = table.candidates(view)
        finally:
            sys.setprofile(None)
        assert found == []
    assert calls < 10_000
