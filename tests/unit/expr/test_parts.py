"""Taking a condition apart at its outermost ``and``s."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.expr.parts import PARTS_MAX, parts_of


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("a", ["a"]),
        ("a and b", ["a", "b"]),
        (" a\n and\tb ", ["a", "b"]),
        ("a = 1 and (b > 2 and (c and d)) and e", ["a = 1", "b > 2", "c", "d", "e"]),
        ("((a and b))", ["a", "b"]),
        ("(a)", ["(a)"]),
        ("a or b and c", ["a or b and c"]),
        ("(a or b) and c", ["(a or b)", "c"]),
        ("a ? b and c : d", ["a ? b and c : d"]),
        ("$not(a and b) and c", ["$not(a and b)", "c"]),
        ("and and and", ["and", "and"]),
        ("'and' = a and `and`.or and z", ["'and' = a", "`and`.or", "z"]),
        ('a and "😀 and" = b and c', ["a", '"😀 and" = b', "c"]),
        ("$contains(x, /a and b/) and y", ["$contains(x, /a and b/)", "y"]),
        ("x[a and b].c and d", ["x[a and b].c", "d"]),
        ("(a and b)[c and d]", ["(a and b)[c and d]"]),
        ("(a and b).(c and d)", ["(a and b).(c and d)"]),
        ("(a and b)(c)", ["(a and b)(c)"]),
        ("(a and b)^(c)", ["(a and b)^(c)"]),
        ("($x := 1; $x and b)", ["($x := 1; $x and b)"]),
        ("(a and b) /* and ( */ and c", ["(a and b) /* and ( */", "c"]),
        ("a and", ["a and"]),
        ("", [""]),
    ],
)
def test_parts(source: str, parts: list[str]) -> None:
    """Brackets are opened, look-alikes left alone, and what is unclear stays whole."""
    assert list(parts_of(source)) == parts


@pytest.mark.parametrize("count", [PARTS_MAX, PARTS_MAX + 1, 900])
def test_there_are_only_so_many(count: int) -> None:
    """A condition of more parts stays whole, however many they are."""
    source = " and ".join(["a"] * count)
    assert len(parts_of(source)) == (count if count <= PARTS_MAX else 1)


@given(
    st.lists(st.sampled_from(["a", "(", ")", "and", " ", "or", "'", "/", "[", "]", ";", "=", "*"]))
)
def test_any_text_has_parts(pieces: list[str]) -> None:
    """Nothing is raised, and nothing is there that was not written."""
    source = "".join(pieces)
    parts = parts_of(source)
    assert parts
    assert all(part in source for part in parts)
