"""Filters that differ only in their operands are planned once, and do not mix them up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import Invalid
from shared.matching.filters import compile_filter
from tests.unit.matching.test_filters import json_values

trees: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(
        st.sampled_from(["a", "b.c"]),
        json_values
        | st.dictionaries(st.sampled_from(["~eq", "~neq", "~contains"]), json_values, min_size=1)
        | st.fixed_dictionaries({"~in": st.lists(json_values, max_size=3)})
        | st.fixed_dictionaries({"~or": st.lists(json_values, min_size=1, max_size=2)})
        | st.fixed_dictionaries({"~not": json_values, "~regex": st.sampled_from(["a", "b"])}),
        max_size=2,
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.fixed_dictionaries({"~or": st.lists(inner, min_size=1, max_size=2)})
        | st.fixed_dictionaries({"~not": inner, "d": json_values})
    ),
    max_leaves=4,
)


@given(tree=trees)
def test_each_clause_has_its_own_operand(tree: Any) -> None:
    """Filters that differ only in their operands are planned once; each keeps what it asks for."""
    try:
        found = [clause.wanted for clause in compile_filter(tree).observed({})]
    except Invalid:
        return  # one with a value such as {"~": 1}
    assert found == written_in(tree)


def written_in(tree: Any, *, is_value: bool = False) -> list[Any]:
    """The operands of a tree, or of the condition of a path, in the order in which they stand."""
    names = tree.keys() if isinstance(tree, dict) else ()
    if is_value and not any(name.startswith("~") for name in names):
        return [tree]
    if isinstance(tree, list):
        return [operand for part in tree for operand in written_in(part)]
    found: list[Any] = []
    for name, value in tree.items():
        if name == "~or":
            for part in value:
                found += written_in(part, is_value=is_value)
        elif name == "~not":
            found += written_in(value, is_value=is_value)
        elif name.startswith("~"):
            found.append(value)
        else:
            found += written_in(value, is_value=True)
    return found


@pytest.mark.parametrize(
    "wrong",
    [
        *({"~and": 5}, {"~foo": 5}, {"~foo": {"x": 1}}, {"~eq": 5}, {"~or": {"x": 1}}, {"~not": 5}),
        *({"b": {"~or": 5}}, {"b": {"~foo": [1]}}, {"b": {"~eq": 1, "x": 1}}, {"b": {"~or": []}}),
        *({"b": {"~in": 5}}, {"b..c": 5}, [5], {"~or": [5]}),
    ],
)
def test_what_stands_before_a_wrong_operand_hides_it_not(wrong: Any) -> None:
    """It is found at its own place, whatever else is wrong."""
    with pytest.raises(Invalid) as caught:
        compile_filter([wrong, {"a": {"~regex": "("}}, {"c": {"~regex": "fine"}}])
    found = [(problem.pointer, problem.code) for problem in caught.value.problems]
    assert found[-1] == ("/filters/1/a/~0regex", "INVALID_OPERAND")
    assert len(found) > 1
