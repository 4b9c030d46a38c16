"""What lint finds in definitions, and what it leaves alone."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from shared.domain.workflows import Definition, Dialect
from shared.matching.lint import Finding, Registered, Severity, findings
from shared.matching.lint_events import event_findings
from shared.matching.lint_reads import reads_of

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "total": {"type": "integer"},
        "plan": {"type": ["string", "null"]},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "free": {"type": "object"},
        "either": {"properties": {"a": True}, "anyOf": [{"required": ["b"]}, {"type": "string"}]},
    },
    "$defs": {"item": {"type": "object", "properties": {"sku": {"type": "string"}}}},
}
PLACED = Registered(payloads={"order:placed": SCHEMA})
TRANSFORM = {"id": "a", "action": "transform"}
CALL = {"id": "call", "action": "http_request"}


def jsonata(source: str) -> dict[str, str]:
    """A value in JSONata."""
    return {"lang": "jsonata", "src": source}


def found(registered: Registered = PLACED, **fields: Any) -> list[Finding]:
    """What lint finds in a native definition."""
    document = {"name": "w", "triggers": [{"event_name": "order:placed"}], **fields}
    definition = Definition.model_validate_json(orjson.dumps(document))
    return [*filter(None, looked_over(definition, registered))]


def looked_over(definition: Definition, registered: Registered) -> Iterator[Finding | None]:
    """As lint goes through it, part by part."""
    reads = yield from reads_of(definition, Dialect.NATIVE)
    yield from findings(definition, reads, registered)
    yield from event_findings(definition, Dialect.NATIVE, reads, registered)


def told(*listed: Any, **fields: Any) -> set[tuple[str, str]]:
    """The code and place of each."""
    return {(one.code, one.pointer) for one in found(*listed, **fields)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"run_if": "1 = 2"}, {("ALWAYS_FALSE", "/run_if")}),
        ({"run_if": "true"}, {("ALWAYS_TRUE", "/run_if")}),
        ({"run_if": "$random() < 2"}, set()),
        ({"run_if": "payload.total > 1"}, set()),
        ({"steps": [{**CALL, "run_if": "true"}]}, {("ALWAYS_TRUE", "/steps/0/run_if")}),
        ({"steps": [{**CALL, "run_if": "$now() > ''"}]}, set()),
    ],
)
def test_conditions_that_are_no_questions(fields: Any, expected: Any) -> None:
    """What is always true or false is told; what depends on data, time or chance is not."""
    assert told(**fields) == expected


def test_a_step_that_never_runs_and_what_only_it_leads_to() -> None:
    """Drawn edges end at a skipped step; dependencies go on, and so do other ways."""
    steps = [
        {**CALL, "id": "off", "run_if": "false"},
        {**CALL, "id": "drawn"},
        {**CALL, "id": "other"},
        {**CALL, "id": "after", "depends_on": ["off"]},
    ]
    edges = [
        {"from": "off", "to": "drawn"},
        {"from": "off", "to": "other"},
        {"from": "after", "to": "other"},
    ]
    assert told(steps=steps, edges=edges) == {
        ("NEVER_RUNS", "/steps/0/run_if"),
        ("NEVER_RUNS", "/steps/1"),
    }


def test_the_way_that_a_constant_condition_never_takes() -> None:
    """The step on the other handle never runs."""
    steps = [{"id": "ask", "kind": "condition", "condition": "1 = 1"}, CALL, {**CALL, "id": "no"}]
    edges = [
        {"from": "ask", "to": "call", "handle": "true"},
        {"from": "ask", "to": "no", "handle": "false"},
    ]
    assert told(steps=steps, edges=edges) == {
        ("ALWAYS_TRUE", "/steps/0/condition"),
        ("NEVER_RUNS", "/steps/2"),
    }


@pytest.mark.parametrize(
    ("result", "is_found"),
    [("1", True), ("steps.a.output", False), ("steps", False), ("$$", False), (None, False)],
)
def test_what_is_computed_for_nobody(result: str | None, is_found: object) -> None:
    """A transform is of no use if nothing reads it and it is not the result either."""
    given = {} if result is None else {"result": jsonata(result)}
    expected = {("UNUSED_OUTPUT", "/steps/0")} if is_found else set()
    assert told(steps=[TRANSFORM, CALL], **given) == expected


@pytest.mark.parametrize(
    ("first", "second", "is_found"),
    [
        ({"run_if": "payload.total > 1"}, {"depends_on": ["call"]}, True),
        ({"run_if": "payload.total > 1"}, {}, True),
        ({}, {"depends_on": ["call"]}, False),
        ({"run_if": "payload.total > 1"}, {"run_if": "steps.call.status = 'COMPLETED'"}, False),
    ],
)
def test_an_output_that_may_not_be_there(first: Any, second: Any, is_found: object) -> None:
    """Of a step that may be skipped, read by one that runs all the same and does not ask."""
    reader = {"id": "next", "action": "http_request", "input": jsonata("steps.call.output.id")}
    expected = {("MAY_BE_SKIPPED", "/steps/1/input/src")} if is_found else set()
    assert told(steps=[{**CALL, **first}, {**reader, **second}]) == expected


def test_an_edge_that_ends_at_a_skipped_step_needs_no_question() -> None:
    """Along a drawn edge the reader runs only if the other did."""
    reader = {"id": "next", "action": "http_request", "input": jsonata("steps.call.output.id")}
    steps = [{**CALL, "run_if": "payload.total > 1"}, reader]
    assert told(steps=steps, edges=[{"from": "call", "to": "next"}]) == set()


@pytest.mark.parametrize(
    ("policy", "is_found"),
    [
        ({"expires_after_s": 60}, True),
        ({"expires_after_s": 60, "expiry_max_s": 3600}, False),
        ({"expires_after_s": 3600}, False),
        ({}, False),
    ],
)
def test_who_waits_longer_than_the_execution_lives(policy: Any, is_found: object) -> None:
    """Unless a caller may set a later expiry."""
    steps = [{"id": "nap", "kind": "sleep", "sleep": {"duration_s": 120}}]
    expected = {("BEYOND_EXPIRY", "/steps/0/sleep/duration_s")} if is_found else set()
    assert told(steps=steps, policy=policy) == expected


def test_an_action_that_may_not_be_repeated() -> None:
    """Its registration says so, and the step tries it three times."""
    once = Registered(not_idempotent=frozenset({"charge"}))
    step = {"id": "pay", "action": "charge"}
    assert told(once, steps=[step]) == {("NOT_IDEMPOTENT", "/steps/0/retry/max_attempts")}
    assert told(once, steps=[{**step, "retry": {"max_attempts": 1}}]) == set()
    assert told(Registered(), steps=[step]) == set()


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("order:placed", None),
        ("order:*", None),
        ("*", None),
        ("workflow_execution:failed", None),
        ("order:palced", Severity.WARNING),
        ("invoice:paid", Severity.INFO),
    ],
)
def test_events_that_nobody_registered(name: str, severity: Severity | None) -> None:
    """Among registered ones; a near name is a likely slip."""
    listed = [
        one.severity
        for one in found(triggers=[{"event_name": name}])
        if one.code == "UNKNOWN_EVENT_TYPE"
    ]
    assert listed == ([] if severity is None else [severity])
    assert told(Registered(), triggers=[{"event_name": name}]) == set()
    assert (
        told(
            Registered(payloads=PLACED.payloads, has_all_types=False),
            triggers=[{"event_name": name}],
        )
        == set()
    )


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("payload.total > 1", None),
        ("payload.totl > 1", "'totl'; did you mean 'total'?"),
        ("event.data.totl > 1", "'totl'"),
        ("payload.items.sku = 'x'", None),
        ("payload.items[0].sku = 'x'", None),
        ("payload.items[sku = 'x'].price > 1", "'items.price'"),
        ("payload.total.cents > 1", "'total.cents'; there is nothing below that."),
        ("payload.free.anything = 1", None),
        ("payload.either.anything = 1", None),
        ("$exists(payload)", None),
        ("parameters.totl > 1", None),
    ],
)
def test_fields_that_a_payload_does_not_have(source: str, missing: str | None) -> None:
    """By the schema of the event that starts the workflow; what it leaves open may be there."""
    details = [one.detail for one in found(run_if=source)]
    assert [missing in detail for detail in details if missing] == ([True] if missing else [])
    assert bool(details) is bool(missing)


def test_a_field_counts_for_which_one_of_the_events_has_it() -> None:
    """And nothing is said of payloads where something else starts the workflow too."""
    both = Registered(payloads={"order:placed": SCHEMA, "b": {"properties": {"totl": True}}})
    source = {"run_if": "payload.totl > 1"}
    events = [{"event_name": "order:placed"}, {"event_name": "b"}]
    assert told(both, triggers=events, **source) == set()
    assert told(both, triggers=events[:1], **source) == {("UNKNOWN_FIELD", "/run_if")}
    hook = {"id": "h", "kind": "webhook"}
    assert told(both, triggers=[events[0], hook], **source) == set()


@pytest.mark.parametrize(
    ("clause", "is_found"),
    [
        ({"~eq": "5"}, True),
        ({"~gt": "5"}, True),
        ({"~eq": 5}, False),
        ({"~eq": 5.5}, False),
        ({"~eq": None}, False),
        ({"~in": ["5"]}, False),
    ],
)
def test_comparisons_with_what_it_never_is(clause: Any, is_found: object) -> None:
    """A whole number is never equal to a text."""
    operator = next(iter(clause)).replace("~", "~0")
    expected = {("OTHER_TYPE", f"/filters/payload.total/{operator}")}
    assert told(filters={"payload.total": clause}) == (expected if is_found else set())
    assert told(filters={"payload.plan": {"~eq": "pro"}}) == set()
