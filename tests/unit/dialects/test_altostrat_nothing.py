"""What Altostrat's lists are filtered to, and what its conditions make of what is not there."""

from typing import Any

import pytest

from services.api.dialects.altostrat.conditions import OPERATORS
from shared.domain.errors import Invalid
from shared.expr.errors import ExpressionError
from tests.unit.dialects.test_altostrat_conditions import (
    NOW,
    RESOLVER,
    computed,
    condition,
    step,
)


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, ["y", "z"]),
        ({"mode": "exclude"}, ["x"]),
        ({"conditions": [{"field": "name", "operator": "equals", "value": "x"}]}, ["x"]),
        ({"conditions": [{"field": "name", "operator": "equals", "value": "q"}]}, []),
        (
            {
                "logic": "or",
                "conditions": [
                    {"field": "name", "operator": "equals", "value": "x"},
                    {"conditions": [{"field": "n", "type": "number", "operator": ">", "value": 2}]},
                ],
            },
            ["x", "z"],
        ),
    ],
)
def test_array_filter(more: dict[str, Any], names: list[str]) -> None:
    """A list comes to the list of what the conditions include, or do not exclude."""
    least = [{"field": "n", "type": "number", "operator": ">=", "value": 2}]
    found = computed("array_filter", **{"items": "{{ n1.sites }}", "conditions": least, **more})
    assert [item["name"] for item in found] == names
    assert computed("array_filter", items="{{ n1.none }}", conditions=least) == []


NOTHING = "absent null empty x"


@pytest.mark.parametrize(
    ("clause", "kept"),
    [
        ({"operator": "is_empty"}, "absent null empty"),
        ({"operator": "is_not_empty"}, "x y"),
        ({"operator": "equals", "value": ""}, "absent null empty"),
        ({"operator": "not_equals", "value": "x"}, "absent null empty y"),
        ({"operator": "contains", "value": "x"}, "x"),
        ({"operator": "not_contains", "value": "x"}, "absent null empty y"),
        ({"operator": "starts_with", "value": "x", "case_sensitive": False}, "x"),
        ({"field": "n", "type": "number", "operator": ">=", "value": 2}, "y"),
        ({"field": "at", "type": "date", "operator": "is_past"}, "y"),
        ({"field": "up", "type": "boolean", "operator": "is_true"}, "y"),
        ({"field": "tags", "type": "array", "operator": "is_not_empty"}, "y"),
        *(
            ({"field": field, "type": kind, "operator": operator, "value": value, **more}, kept)
            for field, kind, value, more in (
                ("n", "number", 2, {"max": 3}),
                ("at", "date", "2026-11-22T08:00:00Z", {"max": "2026-11-23"}),
            )
            for operators, kept in (
                ("equals on_or_before on_or_after between less_or_equal greater_or_equal", "y"),
                ("not_equals", "absent null empty x"),
                ("before after less_than greater_than is_future", ""),
                ("is_today", "y"),
            )
            for operator in operators.split()
            if operator in OPERATORS[kind]
        ),
        ({"field": "n", "type": "number", "operator": "equals", "value": None}, NOTHING),
        ({"field": "n", "type": "number", "operator": "not_equals", "value": ""}, "y"),
        ({"field": "n", "type": "number", "operator": "less_than", "value": None}, ""),
        ({"field": "n", "type": "number", "operator": "between", "min": 1, "max": None}, ""),
        ({"field": "up", "type": "boolean", "operator": "is_false"}, NOTHING),
        ({"field": "up", "type": "boolean", "operator": "equals", "value": False}, NOTHING),
        ({"field": "up", "type": "boolean", "operator": "not_equals", "value": True}, NOTHING),
        ({"field": "tags", "type": "array", "operator": "is_empty"}, NOTHING),
        ({"field": "tags", "type": "array", "operator": "contains", "value": "a"}, "y"),
        ({"field": "tags", "type": "array", "operator": "not_contains", "value": "a"}, NOTHING),
        ({"field": "tags", "type": "array", "operator": "count_less_than", "value": 1}, NOTHING),
        ({"field": "tags", "type": "array", "operator": "count_equals", "value": 1}, "y"),
    ],
)
def test_a_field_that_an_item_lacks_is_empty(clause: dict[str, Any], kept: str) -> None:
    """As null is; and what is not included is excluded."""
    full = {"n": 2, "at": "2026-11-22T08:00:00Z", "up": True, "tags": ["a"]}
    items: list[dict[str, Any]] = [
        {"name": "absent"},
        {"name": "null", "f": None, **dict.fromkeys(full)},
        {"name": "empty", "f": "", **dict.fromkeys(full, "")},
        {"name": "x", "f": "x", **dict.fromkeys(full, " ")},
        {"name": "y", "f": "y", **full},
    ]
    said = {"items": "{{ n1.sites }}", "conditions": [{"field": "f", **clause}]}
    scope = {"n1": {"sites": items}}
    for mode, is_kept in (("include", True), ("exclude", False)):
        given = step("array_filter", mode=mode, **said).input
        found = RESOLVER.resolve(given, scope, now=NOW, seed=0)
        wanted = [item for item in items if (item["name"] in kept.split()) is is_kept]
        assert found == wanted, mode


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"conditions": [{"field": "n", "operator": "contains"}]}, "/conditions/0/value"),
        ({"conditions": [{"field": "n", "operator": "is_empty"}], "mode": "reject"}, "/mode"),
        ({"conditions": [{"field": "n", "operator": "is_empty"}], "logic": "xor"}, "/logic"),
        (
            {"conditions": [{"field": "n", "type": "date", "operator": "between", "min": 1}]},
            "/conditions/0/max",
        ),
    ],
)
def test_a_filter_that_does_not_say_enough_is_refused(said: dict[str, Any], place: str) -> None:
    """It would keep other items than its author means."""
    with pytest.raises(Invalid) as refused:
        step("array_filter", items="{{ n1.sites }}", **said)
    assert [problem.pointer for problem in refused.value.problems] == [f"/data{place}"]


def test_what_an_item_has_and_is_no_number_fails() -> None:
    """Only what is not there is passed over."""
    least = [{"field": "name", "type": "number", "operator": ">=", "value": 2}]
    with pytest.raises(ExpressionError):
        computed("array_filter", items="{{ n1.sites }}", conditions=least)


@pytest.mark.parametrize(
    ("kind", "operator", "outcome"),
    [
        *((kind, operator, "fails") for kind in ("number", "date") for operator in OPERATORS[kind]),
        ("boolean", "is_true", "false"),
        ("boolean", "is_false", "true"),
        ("boolean", "not_equals", "true"),
        ("array", "is_empty", "true"),
        ("array", "contains", "false"),
        ("array", "not_contains", "true"),
        ("array", "count_less_than", "true"),
        ("array", "count_not_equals", "true"),
    ],
)
def test_a_node_that_compares_what_is_not_there(kind: str, operator: str, outcome: str) -> None:
    """Nothing is neither a number nor a date, a boolean that is false, a list of nothing."""
    right = {"boolean": True, "date": "2026-11-22"}.get(kind, 1)
    said = {"operator": operator, "compare_to": right, "max": right}
    for value in ("{{ n1.nowhere }}", "{{ n1.none }}", '{{ "" }}'):
        if outcome == "fails":
            with pytest.raises(ExpressionError):
                condition(f"{kind}_condition", value=value, **said)
        else:
            assert condition(f"{kind}_condition", value=value, **said) is (outcome == "true")
