"""Conditions that differ only in their operands are each found by their own."""

from typing import Any

import pytest

from shared.expr.jsonata import ExpressionCache
from shared.matching.table import WorkflowTable
from tests.unit.matching.build import event, workflow

ALIKE: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {
    "two equalities": (
        {"filters": {"payload.b": 1, "payload.a": 2}},
        {"filters": {"payload.b": 2, "payload.a": 1}},
        {"a": 2, "b": 1},
    ),
    "both ends": (
        {"filters": {"payload.a": {"~gt": 1, "~lt": 3}}},
        {"filters": {"payload.a": {"~gt": 4, "~lt": 6}}},
        {"a": 2},
    ),
    "a filter and a condition": (
        {"filters": {"payload.a": 1}, "run_if": "payload.b = 2"},
        {"filters": {"payload.a": 2}, "run_if": "payload.b = 1"},
        {"a": 1, "b": 2},
    ),
    "negative numbers": ({"run_if": "payload.a = -1"}, {"run_if": "payload.a = -2"}, {"a": -1}),
    "lists": (
        {"filters": {"payload.a": {"~in": ["x", "y", "x"]}, "payload.b": {"~isnull": True}}},
        {"filters": {"payload.a": {"~in": ["z", "xy"]}, "payload.b": {"~isnull": True}}},
        {"a": "x"},
    ),
    "lists, one with what is absent": (
        {"filters": {"payload.a": {"~in": [1, None]}}},
        {"filters": {"payload.a": {"~in": [1, True]}}},
        {},
    ),
    "quoted names": (
        {"run_if": "payload.'x' = 'a' and payload.b = 1"},
        {"run_if": "payload.'y' = 'a' and payload.b = 1"},
        {"x": "a", "b": 1},
    ),
    "beginnings": (
        {"run_if": "$substring(payload.a, 0, 1) = 'x'"},
        {"run_if": "$substring(payload.a, 0, 1) = 'y'"},
        {"a": "xy"},
    ),
    "marks": (
        {"run_if": "payload.a = '\x01text0'"},
        {"run_if": "payload.a = 'b'"},
        {"a": "\x01text0"},
    ),
}


@pytest.mark.parametrize("name", ALIKE)
def test_only_the_one_that_holds_is_found(name: str) -> None:
    """Of two that are worded alike, in either order of registering; the other is not even tried."""
    holds, other, payload = ALIKE[name]
    for first, second in ((holds, other), (other, holds)):
        table = WorkflowTable(ExpressionCache(10))
        table.put(workflow(number=1, **first).conditions)
        table.put(workflow(number=2, **second).conditions)
        found = table.match(event(payload))
        assert [d.workflow_id.int for d in found if d.is_match] == [1 if first is holds else 2]
        assert len(found) == 1
