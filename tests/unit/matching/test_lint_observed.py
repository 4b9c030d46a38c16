"""What lint finds in conditions by the events that there have been."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from shared.domain.steps import Step
from shared.domain.workflows import Annotation, Definition, Dialect, Workflow
from shared.expr.comparisons import Comparison, comparisons_in, patterns_in
from shared.expr.jsonata import ExpressionCache
from shared.matching.lint import Finding
from shared.matching.lint_observed import observers_of
from shared.matching.lint_patterns import is_risky, pattern_findings
from tests.unit.matching.build import event, workflow
from tests.unit.matching.build import step as build_step

ORDERS: list[dict[str, Any]] = [
    {
        "total": n,
        "tags": ["a", "b"],
        "lines": [{"sku": "a"}, {"sku": "b"}],
        **({"plan": "pro"} if n % 4 else {}),
    }
    for n in range(20)
]


def found(of: Workflow, payloads: Sequence[Any] = ORDERS) -> list[Finding]:
    """What is found by events with these payloads."""
    observer, *_ = observers_of(of, ExpressionCache(64))
    seen = [event(one, id=f"e{n}") for n, one in enumerate(payloads)]
    list(observer.add(seen, lambda: False))
    return [*filter(None, observer.findings())]


def keys(*numbers: int) -> list[Any]:
    """The keys of those events."""
    return [event(id=f"e{number}").key for number in numbers]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"run_if": "payload.totl > 5"}, [("NEVER_HELD", 0), ("UNSEEN_PATH", 0)]),
        ({"run_if": "payload.plan != 'free'"}, [("UNEQUAL_TO_NOTHING", 0)]),
        ({"run_if": "$not(payload.plan = 'pro')"}, []),
        ({"run_if": "payload.total = '5'"}, [("NEVER_HELD", 0), ("OTHER_TYPE_SEEN", 0)]),
        ({"run_if": "payload.total > '5'"}, [("CONDITION_FAILS", 0), ("OTHER_TYPE_SEEN", 0)]),
        ({"run_if": "payload.total = 5"}, []),
        ({"run_if": "payload.tags = 'a'"}, [("NEVER_HELD", 0), ("COMPARED_WITH_LIST", 0)]),
        ({"run_if": "payload.lines.sku = 'a'"}, [("NEVER_HELD", 0), ("COMPARED_WITH_LIST", 0)]),
        ({"run_if": "'a' in payload.tags"}, [("ALWAYS_HELD", 0)]),
        ({"run_if": "payload.total >= 0"}, [("ALWAYS_HELD", 0)]),
        ({"run_if": "payload.total > 5 and payload.total >= 0"}, [("ALWAYS_HELD", 0)]),
        ({"filters": {"payload.totl": 5}}, [("NEVER_HELD", 0), ("UNSEEN_PATH", 0)]),
        ({"filters": {"payload.totl": {"~isnull": True}}}, [("ALWAYS_HELD", 0)]),
        ({"filters": {"payload.plan": {"~neq": "pro"}}}, [("HOLDS_FOR_NOTHING", 0)]),
        ({"filters": {"payload.plan": {"~nin": ["pro", None]}}}, [("NEVER_HELD", 0)]),
        ({"filters": {"payload.total": "5"}}, [("NEVER_HELD", 0), ("OTHER_TYPE_SEEN", 0)]),
        ({"filters": {"payload.tags": "a"}}, [("NEVER_HELD", 0), ("COMPARED_WITH_LIST", 0)]),
        ({"filters": {"payload.tags": ["a"]}}, [("NEVER_HELD", 0)]),
        ({"filters": {"payload.total": {"~gt": 3}}, "run_if": "payload.total < 9"}, []),
        ({"run_if": "1 = 2"}, []),
    ],
)
def test_what_events_say_of_conditions(condition: Any, expected: Any) -> None:
    """Each finding has for its example an event that shows it."""
    told = [(one.code, one.event_key) for one in found(workflow(**condition))]
    assert told == [(code, *keys(number)) for code, number in expected]


STEP = {"id": "s", "action": "transform"}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"run_if": "payload.totl > 5"}, [("run_if", "NEVER_HELD"), ("run_if", "UNSEEN_PATH")]),
        ({"run_if": "payload.plan != 'free'"}, [("run_if", "UNEQUAL_TO_NOTHING")]),
        (
            {"run_if": "steps.a.output.n = 1 and payload.total = '5'"},
            [("run_if", "NEVER_HELD"), ("run_if", "OTHER_TYPE_SEEN")],
        ),
        ({"run_if": "payload.totl = steps.a.output.n"}, [("run_if", "UNSEEN_PATH")]),
        ({"run_if": "payload.total = $input.n and $input.m > 1"}, []),
        ({"run_if": "steps.a.output.none = 1 or execution.none or $keys($$) = 'x'"}, []),
        (
            {"kind": "condition", "condition": "payload.tags = 'a'"},
            [("condition", "NEVER_HELD"), ("condition", "COMPARED_WITH_LIST")],
        ),
        (
            {
                "kind": "switch",
                "cases": [
                    {"handle": "a", "when": "payload.total = 5"},
                    {"handle": "b", "when": "event.data.total >= 0"},
                ],
            },
            [("cases/1/when", "ALWAYS_HELD")],
        ),
        (
            {"filters": {"payload.total": "5", "steps.a.output.n": 1}},
            [
                ("filters/payload.total", "NEVER_HELD"),
                ("filters/payload.total", "OTHER_TYPE_SEEN"),
            ],
        ),
        (
            {
                "kind": "iterator",
                "iterator": {
                    "items": {"lang": "jsonata", "src": "payload.lines"},
                    "body": {"action": "transform", "run_if": "payload.totl = 1 and item.sku"},
                },
            },
            [("iterator/body/run_if", "NEVER_HELD"), ("iterator/body/run_if", "UNSEEN_PATH")],
        ),
    ],
)
def test_what_events_say_of_conditions_of_steps(step: Any, expected: Any) -> None:
    """As of the workflow's, of what they read of the event; of all else they see, nothing."""
    of = workflow(steps=(Step.model_validate_json(json.dumps({**STEP, "action": None, **step})),))
    told = [(one.pointer.removeprefix("/steps/0/"), one.code) for one in found(of)]
    assert told == expected


def test_steps_are_held_against_what_starts_the_workflow() -> None:
    """Who keeps events out need not be told what steps would make of these."""
    steps = (build_step("s", run_if="payload.plan != 'free' and payload.total >= 4"),)
    [finding] = found(workflow(steps=steps))
    assert "absent from 5 of the last 20 events that start it" in finding.detail
    narrow = found(workflow(steps=steps, run_if="$exists(payload.plan) and payload.total > 3"))
    assert [one.code for one in narrow] == ["ALWAYS_HELD"] * 3
    assert found(workflow(steps=steps, run_if="payload.total > 99"))[1:] == []


def test_what_an_annotation_places_is_not_the_events() -> None:
    """An entity at a path, below it or around it says more than the event has there."""
    definition = Definition(
        name="w",
        triggers=workflow().definition.triggers,
        annotations=(Annotation(entity_type="plan", target_path="payload.plan"),),
        steps=(build_step("s", run_if="payload.plan.name = 'x' or payload.plan"),),
    )
    assert found(workflow(definition=definition)) == []


def test_events_that_are_waited_for_say_what_the_wait_asks_of_them() -> None:
    """Of those, not of the trigger's; what depends on the execution is not asked."""
    wait = {"event_name": "paid", "match": "payload.order = $input.id and payload.stat = 'done'"}
    step = Step.model_validate_json(json.dumps({"id": "s", "kind": "wait", "wait": wait}))
    first, second = observers_of(workflow(steps=(step,)), ExpressionCache(64))
    assert [*first.event_names, *second.event_names] == ["ticket:created", "paid"]
    payloads = [{"order": n, "status": "done"} for n in range(12)]
    events = [event(one, type="paid", id=f"p{n}") for n, one in enumerate(payloads)]
    for observer in (first, second):
        list(observer.add(events, lambda: False))
    assert [*filter(None, first.findings())] == []
    never, unseen = filter(None, second.findings())
    assert (never.code, never.pointer) == ("NEVER_HELD", "/steps/0/wait/match")
    assert "Did you mean 'payload.status', which 100 % of them have?" in unseen.detail
    assert "None of the last 12 events 'paid'" in unseen.detail


def test_in_other_words_the_event_stands_elsewhere() -> None:
    """What a step sees under a name of its system's is told of where the event alone says it."""
    payloads = [{"total": n, "rows": [{"a": 1}], "steps": 1} for n in range(12)]
    for dialect, condition, codes in (
        (Dialect.TRUTO, "total = 'x'", ["NEVER_HELD", "OTHER_TYPE_SEEN"]),
        (Dialect.TRUTO, "steps = 2 or item = 3", []),
        (
            Dialect.THENA,
            "context.event.message.payload.total = 'x'",
            ["NEVER_HELD", "OTHER_TYPE_SEEN"],
        ),
        (Dialect.THENA, "context.steps.a.result = 1 or steps.a = 1", []),
        (Dialect.ALTOSTRAT, "trigger.total = 'x'", ["NEVER_HELD", "OTHER_TYPE_SEEN"]),
        (Dialect.ALTOSTRAT, "first.total = 'x'", []),
        (Dialect.SIXTYFOUR, "rows.a = 'x'", []),
        (Dialect.TRANSACTIONLINK, "parameters.total = 'x'", ["NEVER_HELD", "OTHER_TYPE_SEEN"]),
        (Dialect.TRANSACTIONLINK, "locale = 'x'", []),
    ):
        of = workflow(dialect=dialect, steps=(build_step("s", run_if=condition),))
        assert [one.code for one in found(of, payloads)] == codes, condition


def test_the_example_is_the_event_that_shows_it() -> None:
    """That which lacks the field, or has another type, not whichever came first."""
    payloads = [{"plan": "pro"}] * 3 + [{}] + [{"plan": "pro"}] * 10
    [finding] = found(workflow(run_if="payload.plan != 'pro' or $random() > 2"), payloads)[1:]
    assert (finding.code, finding.event_key) == ("UNEQUAL_TO_NOTHING", *keys(3))
    assert "absent from 1 of the last 14" in finding.detail


def test_what_was_meant_and_how_many_have_it() -> None:
    """The path that resembles the unknown one is told, with the share of events."""
    [*_, finding] = found(workflow(run_if="payload.paln = 'pro'"))
    assert "Did you mean 'payload.plan', which 79 % of them have?" in finding.detail


def test_values_of_payloads_are_quoted_nowhere() -> None:
    """Whatever is found, no value that only the payload had stands in it."""
    secret = [{"name": "s3cret", "list": ["s3cret", 1], "total": "s3cret"}] * 12
    conditions = ["payload.nme = 1", "payload.name = 1", "payload.list = 1", "payload.total > 1"]
    for condition in conditions:
        findings = found(workflow(run_if=condition), secret)
        assert findings
        assert "s3cret" not in str(findings)


def test_few_events_say_nothing_of_always_or_never() -> None:
    """Nine events that do not match may be chance."""
    never = workflow(run_if="payload.total > 100")
    assert [one.code for one in found(never, ORDERS[:9])] == []
    assert [one.code for one in found(never, ORDERS[:10])] == ["NEVER_HELD"]
    assert found(never, []) == []


def test_time_is_bounded() -> None:
    """Once it is over no event is looked at any more."""
    observer, *_ = observers_of(workflow(run_if="payload.total > 100"), ExpressionCache(64))
    list(observer.add([event(one) for one in ORDERS], lambda: True))
    assert [*filter(None, observer.findings())] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.b != 1 and 2 < c", [Comparison(("a", "b"), "!=", 1), Comparison(("c",), ">", 2)]),
        ("$not(a = 'x')", [Comparison(("a",), "=", "x")]),
        ("a ? b = 1 : (c = null)", [Comparison(("b",), "=", 1), Comparison(("c",), "=", None)]),
        ("items[price > 5].name = 'x'", []),
        ("items.(price > 5)", []),
        ("$$.a = b", []),
        ("1 +", []),
    ],
)
def test_what_is_compared(source: str, expected: Any) -> None:
    """Paths from the root with literals, wherever they stand; no names from within a path."""
    assert sorted(comparisons_in(source), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(a+)+$", True),
        ("^(a|a)*$", True),
        ("(\\w*,)*x", True),
        ("a*a*a*b", True),
        (".*a.*b.*c", True),
        ("^[a-z]+@example\\.com$", False),
        ("(foo|bar)", False),
        ("[+*]+", False),
        ("(foo|bar)+", False),
        ("(?:ab|a)+", True),
        ("(\\w|b)+", True),
        ("a*b*c*", False),
        ("(ab)+", False),
        ("^\\(a+\\)+", False),
    ],
)
def test_patterns_that_may_take_long(pattern: str, expected: object) -> None:
    """Repetitions of repetitions and of choices, and many in a row."""
    assert is_risky(pattern) is expected
    source = f"$contains(payload.a[$contains(b, /{pattern}/i)].c, 'x')"
    assert patterns_in(source) == [pattern]
    definition = Definition(name="w", run_if=source)
    codes = [one.code for one in pattern_findings(definition) if one is not None]
    assert codes == (["SLOW_PATTERN"] if expected else [])
