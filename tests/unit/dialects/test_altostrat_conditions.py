"""What Altostrat's conditions and pure components come to."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.api.dialects.altostrat.conditions import OPERATORS
from services.api.dialects.altostrat.nodes import AltostratNode
from services.api.dialects.altostrat.workflows import step_of
from shared.domain.errors import Invalid
from shared.domain.steps import DEFAULT_CASE, Step
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
RESOLVER = Resolver(ExpressionCache(64), TemplateCache(64))
SCOPE: dict[str, Any] = {
    "n1": {
        "name": "Router One",
        "nothing": "",
        "load": 7,
        "at": "2026-11-22T08:00:00Z",
        "up": True,
        "tags": ["a", "b"],
        "none": None,
        "text": '{"a": [1, 2]}',
        "sites": [{"name": "x", "n": 1}, {"name": "y", "n": 2}, {"name": "z", "n": 3}],
    }
}


def step(component: str, **data: Any) -> Step:
    """The step of a node."""
    document = {"id": "a", "type": component, "data": {"componentId": component, **data}}
    return step_of(AltostratNode.model_validate(document), has_error_edge=False, is_led_to=True)


def computed(component: str, **data: Any) -> Any:
    """What the node puts out."""
    return RESOLVER.resolve(step(component, **data).input, SCOPE, now=NOW, seed=0)


def holds(source: str, given: Any) -> bool:
    """Whether a condition holds for a step's resolved input."""
    return RESOLVER.holds(source, SCOPE, now=NOW, seed=0, bindings={"input": given})


def condition(component: str, **data: Any) -> bool:
    """Whether a node is left by 'true'."""
    made = step(component, **data)
    assert made.condition is not None
    return holds(made.condition, computed(component, **data))


@pytest.mark.parametrize(
    ("kind", "value", "operator", "compare_to", "expected"),
    [
        ("string", "{{ n1.name }}", "equals", "Router One", True),
        ("string", "{{ n1.name }}", "is not", "Router One", False),
        ("string", "{{ n1.name }}", "contains", "One", True),
        ("string", "{{ n1.name }}", "contains", "one", False),
        ("string", "{{ n1.name }}", "does-not-contain", "Two", True),
        ("string", "{{ n1.name }}", "starts_with", "Router", True),
        ("string", "{{ n1.name }}", "ends_with", "One", True),
        ("string", "{{ n1.name }}", "ends_with", "a much longer text", False),
        ("string", "{{ n1.nothing }}", "is_empty", None, True),
        ("string", "{{ n1.nowhere }}", "is_empty", None, True),
        ("string", "{{ n1.nowhere.at_all }}", "equals", "x", False),
        ("string", "{{ n1.load }}", "==", "7", True),
        ("number", "{{ n1.load }}", ">", 5, True),
        ("number", "{{ n1.load }}", "at_most", "6.5", False),
        ("number", "{{ n1.load }}", "!=", 7, False),
        ("date", "{{ n1.at }}", "before", "2026-11-22T09:00:00Z", True),
        ("date", "{{ n1.at }}", "on_or_after", "2026-11-22T08:00:00Z", True),
        ("date", "{{ n1.at }}", "is_past", None, True),
        ("date", "{{ n1.at }}", "is_today", None, True),
        ("date", "2026-11-21", "is_today", None, False),
        ("boolean", "{{ n1.up }}", None, None, True),
        ("boolean", "{{ n1.none }}", "is_false", None, True),
        ("boolean", "yes {{ n1.none }}", "is_true", None, False),
        ("boolean", "{{ n1.up }}", "equals", "true", True),
        ("array", "{{ n1.tags }}", "contains", "b", True),
        ("array", "{{ n1.tags }}", "not_contains", "b", False),
        ("array", "{{ n1.tags }}", "count_greater_than", 1, True),
        ("array", "{{ n1.tags }}", "length_equals", "2", True),
        ("array", "{{ n1.none }}", "is_empty", None, True),
    ],
)
def test_conditions(
    kind: str, value: Any, operator: str | None, compare_to: Any, *, expected: bool
) -> None:
    """Operands are templates, of which a text, a number or a time is made."""
    data = {"value": value, "operator": operator, "compare_to": compare_to}
    said = {name: part for name, part in data.items() if part is not None}
    assert condition(f"{kind}_condition", **said) is expected
    assert condition(f"condition-{kind}", **said) is expected


@pytest.mark.parametrize("kind", list(OPERATORS))
def test_every_operator_can_be_evaluated(kind: str) -> None:
    """None of them is misspelled: each comes to true or false."""
    left = {"array": "{{ n1.tags }}", "date": "{{ n1.at }}", "string": "x"}.get(kind, 1)
    right = {"date": "2026-01-01"}.get(kind, 1)
    for operator in OPERATORS[kind]:
        said = {"value": left, "operator": operator, "compare_to": right, "max": right}
        assert condition(f"{kind}_condition", **said) in (True, False)


def test_case_may_mean_nothing() -> None:
    """Only where the condition says so."""
    said = {"value": "{{ n1.name }}", "operator": "equals", "compare_to": "ROUTER ONE"}
    assert not condition("string_condition", **said)
    assert condition("string_condition", **said, case_sensitive=False)


def test_what_is_no_number_fails() -> None:
    """A comparison that makes no sense is an error, not an answer."""
    with pytest.raises(ExpressionError):
        condition("number_condition", value="{{ n1.name }}", operator="gt", compare_to=1)


def test_groups_nest() -> None:
    """Conditions are joined by 'and' or 'or', each with its own kind."""
    load = {"type": "number", "value": "{{ n1.load }}", "operator": ">", "compare_to": 5}
    down = {"type": "boolean", "value": "{{ n1.up }}", "operator": "is_false"}
    assert not condition("logical_group", logic="and", conditions=[load, down])
    assert condition("logical_group", logic="or", conditions=[load, down])
    nested = {"logic": "any", "conditions": [down, load]}
    assert condition("logical_group", conditions=[load, nested])
    nest: dict[str, Any] = load
    for _ in range(12):
        nest = {"conditions": [nest]}
    with pytest.raises(Invalid):
        condition("logical_group", **nest)


@pytest.mark.parametrize(("load", "handle"), [(7, "seven"), (9, "much"), (1, DEFAULT_CASE)])
def test_a_switch_takes_the_first_case_that_holds(load: int, handle: str) -> None:
    """Cases compare the common value, or say more for themselves."""
    cases = [
        {"id": "seven", "value": "7"},
        {"id": "much", "type": "number", "operator": ">=", "compare_to": 5},
    ]
    made = step("switch", value=load, cases=cases)
    given = RESOLVER.resolve(made.input, SCOPE, now=NOW, seed=0)
    taken = next((case.handle for case in made.cases if holds(case.when, given)), DEFAULT_CASE)
    assert taken == handle


@pytest.mark.parametrize(
    ("component", "data", "expected"),
    [
        ("text_transform", {"template": "{{ n1.load }}"}, "7"),
        ("text_transform", {"template": "{% if n1.up %}up{% endif %}"}, "up"),
        ("data_mapper", {"mapping": {"load": "{{ n1.load }}"}}, {"load": 7}),
        (
            "data_mapper",
            {"mappings": [{"target": "t", "source": "{{ n1.tags }}"}]},
            {"t": SCOPE["n1"]["tags"]},
        ),
        ("json_parser", {"input": "{{ n1.text }}"}, {"a": [1, 2]}),
        ("json_parser", {"input": "[1]"}, [1]),
        ("date_transform", {"date": "{{ n1.at }}", "format": "d/m/Y"}, "22/11/2026"),
        ("date_transform", {"date": "2026-01-02T03:04:05Z"}, "2026-01-02 03:04:05"),
    ],
)
def test_pure_components(component: str, data: dict[str, Any], expected: Any) -> None:
    """What they come to is the node's output."""
    assert computed(component, **data) == expected


def test_bodies_headers_and_addresses_are_texts() -> None:
    """A template that is a single value is sent as text, an object as JSON."""
    found = computed(
        "webhook",
        url="https://x/{{ n1.load }}",
        method="post",
        headers=[{"key": "X-Load", "value": "{{ n1.load }}"}],
        body="{{ n1.sites[0] }}",
    )
    assert found == {
        "url": "https://x/7",
        "method": "POST",
        "headers": {"X-Load": "7", "Content-Type": "application/json"},
        "body": '{"name":"x","n":1}',
    }
    sent = computed("webhook", url="https://x", body={"load": "{{ n1.load }}"})
    assert (sent["json"], "body" in sent) == ({"load": 7}, False)
