"""Filters divided into what the event answers and what annotations answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.matching.annotated import split_filter
from shared.matching.filters import compile_filter

SMALL = {"~gt": 1}


@pytest.mark.parametrize(
    ("tree", "now", "later"),
    [
        (None, None, None),
        ({"payload.a": SMALL}, {"payload.a": SMALL}, None),
        ({"ticket.a": SMALL}, None, {"ticket.a": SMALL}),
        ({"{{context.ticket.a}}": SMALL}, None, {"{{context.ticket.a}}": SMALL}),
        (
            {"payload.a": SMALL, "ticket": SMALL},
            {"payload.a": SMALL},
            {"ticket": SMALL},
        ),
        (
            {"~or": [{"payload.a": SMALL}, {"ticket.b": SMALL}]},
            None,
            {"~or": [{"payload.a": SMALL}, {"ticket.b": SMALL}]},
        ),
        ({"tickets.a": SMALL}, {"tickets.a": SMALL}, None),
    ],
)
def test_clauses_go_where_they_can_be_answered(tree: Any, now: Any, later: Any) -> None:
    """What reads an annotated path, or an alternative to it, waits; all else does not."""
    assert split_filter(tree, ["context.ticket"]) == (now, later)


numbers = st.integers(0, 3)
clauses = st.dictionaries(
    st.sampled_from(["payload.a", "payload.b", "ticket.a", "ticket.b"]),
    st.builds(lambda n: {"~gt": n}, numbers),
    min_size=1,
    max_size=4,
)
trees = st.one_of(
    clauses,
    st.builds(lambda c, d: {**c, "~or": d}, clauses, st.lists(clauses, min_size=1, max_size=2)),
)
scopes = st.fixed_dictionaries(
    {name: st.fixed_dictionaries({"a": numbers, "b": numbers}) for name in ("payload", "ticket")}
)


@given(tree=trees, scope=scopes)
def test_both_parts_together_are_the_whole(tree: Any, scope: dict[str, Any]) -> None:
    """Each part holds, and the first without the annotation, exactly when the whole does."""
    now, later = split_filter(tree, ["ticket"])
    event_only = {"payload": scope["payload"]}
    both = compile_filter(now).matches(event_only) and compile_filter(later).matches(scope)
    assert both == compile_filter(tree).matches(scope)
