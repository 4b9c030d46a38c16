"""Lists of texts, however they are kept, hold what was written and nothing else."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.matching.filters import compile_filter
from shared.matching.shapes import TooDeep, shape_of
from tests.unit.matching.test_filter_shapes import trees

TEXTS = st.text(alphabet="ab\0é", max_size=3) | st.just("x" * 40) | st.integers(0, 2)


@given(listed=st.lists(TEXTS, max_size=70), value=TEXTS | st.none())
@example(listed=["a", "b"], value="a\0b")
@example(listed=["a\0b"], value="a")
@example(listed=[""], value="\0")
@example(listed=[], value="")
@example(listed=["a", "b"], value="")
@example(listed=["ab"], value="a")
def test_a_list_holds_its_items_and_no_other_value(listed: list[Any], value: Any) -> None:
    """As Python's own search has it; and it is shown to its author as it was written."""
    scope = {"a": value}
    for name, holds in (("~in", value in listed), ("~nin", value not in listed)):
        filter_ = compile_filter({"a": {name: listed}})
        assert filter_.matches(scope) is holds
        assert [clause.wanted for clause in filter_.observed(scope)] == [listed]


@given(tree=trees, levels=st.integers(0, 6))
@example(tree={"a": {"~or": [{"~gt": 1}]}}, levels=3)
@example(tree={"a": {"~or": [{"~eq": [[]]}]}}, levels=4)
@example(tree={"a": {"~not": {"~in": [1]}}}, levels=3)
@example(tree={"~and": [{"~not": {"a": [[1]]}}]}, levels=5)
def test_no_tree_has_more_levels_than_it_may(tree: Any, levels: int) -> None:
    """Wherever they are: in logic, in conditions, in operands."""
    if levels_of(tree) <= levels:
        shape_of(tree, [], levels)
        return
    with pytest.raises(TooDeep):
        shape_of(tree, [], levels)


def levels_of(tree: Any) -> int:
    """How many objects and lists stand within one another; an empty one is no level."""
    if not isinstance(tree, dict | list):
        return 0
    parts = tree.values() if isinstance(tree, dict) else tree
    return max([1 + levels_of(part) for part in parts], default=0)
