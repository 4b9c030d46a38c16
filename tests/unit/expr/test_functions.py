"""The functions beyond JSONata's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.expr.jsonata import UNDEFINED
from tests.unit.expr.support import evaluate

OBSERVED = json.loads((Path(__file__).parent / "data" / "map_values.json").read_text())


@pytest.mark.parametrize("vector", OBSERVED["vectors"], ids=lambda vector: str(vector["expr"]))
def test_map_values_answers_as_observed(vector: dict[str, Any]) -> None:
    """``$mapValues`` gives what the original gave, input for input."""
    expected = UNDEFINED if vector.get("undefined") else vector["value"]
    assert evaluate(vector["expr"], OBSERVED["input"]) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$mapValues(true, {'true': 1})", True),
        ("$mapValues('a', missing)", "a"),
        ("$mapValues('a', 5)", "a"),
        ("$mapValues(1.5, {'1.5': 'x'})", "x"),
        ("$mapValues({'k': 'A', 'l': ['B']}, {'a': 1, 'b': 2})", {"k": 1, "l": [2]}),
        ("$mapValues(['1'], {'1': 'one'})", ["one"]),
        ("$mapValues('A', {'a': 1}, true)", 1),
        ("$mapValues('zz', {}, false, 'default')", "zz"),
        ("$mapValues([null, 'a'], {'a': 1}, false, 'd')", ["d", 1]),
        ("'calcom' ~> $mapValues({'CalCom': 'id'})", "id"),
        ("['a', 'b'].$mapValues($, {'a': 1})", [1, "b"]),
    ],
)
def test_map_values_in_the_documented_corners(source: str, expected: Any) -> None:
    """Booleans, missing mappings, nested values, defaults and chaining follow the documentation."""
    assert evaluate(source, {}) == expected
