"""Filters divided into what the event answers and what annotations answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.workflows import Annotation
from shared.expr.jsonata import ExpressionCache
from shared.matching.annotated import split_filter
from shared.matching.decisions import Reason
from shared.matching.filters import compile_filter
from shared.matching.rules import decide
from shared.matching.view import EventView
from tests.unit.matching.build import event, workflow

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
        ([], None, None),
        ([{"ticket.a": SMALL}], None, [{"ticket.a": SMALL}]),
        ([{"payload.a": SMALL}], [{"payload.a": SMALL}], None),
        (
            [{"payload.a": SMALL}, [{"ticket.a": SMALL, "payload.b": SMALL}]],
            [{"payload.a": SMALL}, [{"payload.b": SMALL}]],
            [{}, [{"ticket.a": SMALL}]],
        ),
        ({"~and": [[{"ticket.a": SMALL}]]}, None, {"~and": [[{"ticket.a": SMALL}]]}),
        ({"~not": [{"ticket.a": SMALL}]}, None, {"~not": [{"ticket.a": SMALL}]}),
    ],
)
def test_clauses_go_where_they_can_be_answered(tree: Any, now: Any, later: Any) -> None:
    """What reads an annotated path, or an alternative to it, waits; all else does not.

    In lists each keeps its place.
    """
    assert split_filter(tree, ["context.ticket"]) == (now, later)


numbers = st.integers(0, 3)
clauses = st.dictionaries(
    st.sampled_from(["payload.a", "payload.b", "ticket.a", "ticket.b"]),
    st.builds(lambda n: {"~gt": n}, numbers),
    min_size=1,
    max_size=4,
)
objects = st.one_of(
    clauses,
    st.builds(lambda c, d: {**c, "~or": d}, clauses, st.lists(clauses, min_size=1, max_size=2)),
    st.builds(lambda c, d: {**c, "~and": [d]}, clauses, st.lists(clauses, min_size=1, max_size=2)),
)
trees = st.recursive(objects, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
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


@pytest.mark.parametrize(
    "filters",
    [
        {"account.plan": "pro"},
        [{"account.plan": "pro"}],
        [{"payload.n": 1}, {"account.plan": "pro"}],
        {"~and": [[{"account.plan": "pro"}]]},
    ],
)
def test_an_event_starts_what_only_an_annotation_can_keep_out(filters: Any) -> None:
    """However the filters are written; what the event answers keeps it out at once."""
    about = workflow(filters=filters)
    annotations = (Annotation(entity_type="account", target_path="account"),)
    definition = about.definition.model_copy(update={"annotations": annotations})
    view, about = EventView(event({"n": 1})), about.model_copy(update={"definition": definition})
    assert decide(view, about, ExpressionCache(1)).is_match
    both = definition.model_copy(update={"filters": [filters, {"payload.n": 2}]})
    about = about.model_copy(update={"definition": both})
    assert decide(view, about, ExpressionCache(1)).reason is Reason.FILTER_FALSE
