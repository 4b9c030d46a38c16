"""What the items of Altostrat's lists are compared with, where a template says it."""

from typing import Any

import pytest

from services.api.dialects.altostrat.conditions import OPERATORS
from shared.domain.errors import Invalid
from shared.expr.errors import ExpressionError
from tests.unit.dialects.test_altostrat_conditions import NOW, RESOLVER, step

ITEMS: list[dict[str, Any]] = [
    {},
    {"f": None},
    {"f": " "},
    *({"f": each} for each in ("x", 1, 2, 3, True, False, ["x"], ["x", 1], [])),
]
DATES = [*ITEMS[:3], *({"f": f"2026-11-2{day}T08:00:00Z"} for day in (1, 2, 3))]
VALUES = {
    "string": ("x", "", 1, None),
    "number": (1, 2, "2", None, " "),
    "date": ("2026-11-22T08:00:00Z", None, ""),
    "boolean": (True, False, "yes", None),
    "array": ("x", 1, None),
}


def kept(value: Any, scope: dict[str, Any], **clause: Any) -> Any:
    """The items that are kept, or that it fails."""
    said = {"items": "{{ n1.items }}", "conditions": [{"field": "f", "value": value, **clause}]}
    items = DATES if clause["type"] == "date" else ITEMS
    if clause["type"] == "number":
        items = [item for item in ITEMS if type(item.get("f")) is not list]
        items = [item for item in items if item.get("f") != "x"]
    seen = {"n1": {"items": items, **scope}, "value": "another"}
    try:
        return RESOLVER.resolve(step("array_filter", **said).input, seen, now=NOW, seed=0)
    except ExpressionError:
        return "fails"


@pytest.mark.parametrize(
    ("kind", "operator", "value"),
    [
        (kind, name, value)
        for kind in OPERATORS
        for name in OPERATORS[kind]
        for value in VALUES[kind]
    ],
)
def test_a_template_comes_to_what_would_be_written_there(
    kind: str, operator: str, value: Any
) -> None:
    """Of every kind and operator, nothing as well; what is not there is nothing."""
    more = {"type": kind, "operator": operator, "max": 3 if kind == "number" else "2026-11-23"}
    written = kept(value, {}, **more)
    assert kept("{{ n1.v }}", {"v": value}, **more) == written
    if value is None and "count" not in operator:
        assert kept("{{ n1.v }}", {}, **more) == written


def test_both_ends_may_be_templates() -> None:
    """And are nothing where there is nothing."""
    between = {"type": "number", "operator": "between", "max": "{{ n1.most }}"}
    assert kept("{{ n1.least }}", {"least": 2, "most": 3}, **between) == [{"f": 2}, {"f": 3}]
    assert kept(2, {"most": 3}, **between) == [{"f": 2}, {"f": 3}]
    assert kept(2, {"most": None}, **between) == []


@pytest.mark.parametrize("value", ["{{ n1.v | upcase }}", "a {{ n1.v }}", "{% if a %}b{% endif %}"])
def test_what_is_no_path_is_refused(value: str) -> None:
    """It would be compared as the text it is written as."""
    clause = {"field": "f", "operator": "equals", "value": value}
    with pytest.raises(Invalid) as refused:
        step("array_filter", items="{{ n1.items }}", conditions=[clause])
    assert [one.pointer for one in refused.value.problems] == ["/data/conditions/0/value"]
