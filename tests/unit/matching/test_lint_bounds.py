"""Lint of what is made to keep it busy: in parts, none of which takes long."""

from typing import Any

import orjson
import pytest

from shared.domain.workflows import Definition, Dialect, Workflow
from shared.expr.comparisons import comparisons_in
from shared.expr.jsonata import ExpressionCache
from shared.matching import lint_watched
from shared.matching.lint import Finding, Registered, findings
from shared.matching.lint_events import HINTS_MAX, event_findings
from shared.matching.lint_observed import Observer, observers_of
from shared.matching.lint_patterns import pattern_findings
from shared.matching.lint_reads import reads_of
from tests.unit.matching.build import event, workflow

FIELDS = 300
ABSENT = [f"f{n}" for n in range(FIELDS)]
MANY_PATHS = f"$count([{','.join(f'payload.{name}' for name in ABSENT)}]) > 0"
REGISTERED = {
    "order:placed": {
        "type": "object",
        "properties": {f"field{n}": {"type": "number"} for n in range(1_900)},
    }
}


def observer_of(about: Workflow) -> Observer:
    """The one of the events that start a workflow."""
    observer, *_ = observers_of(about, ExpressionCache(64))
    return observer


def found(observer: Observer) -> list[Finding]:
    """What it has found."""
    return [*filter(None, observer.findings())]


def placed(**fields: Any) -> Definition:
    """A native definition that an order starts."""
    document = {"name": "w", "triggers": [{"event_name": "order:placed"}], **fields}
    return Definition.model_validate_json(orjson.dumps(document))


def parts_of(definition: Definition, registered: Registered) -> list[list[Finding | None]]:
    """What lint finds without events, and the ends of its parts."""
    reading = reads_of(definition, Dialect.NATIVE)
    parts = 0
    while True:
        try:
            next(reading)
        except StopIteration as end:
            reads = end.value
            break
        parts += 1
    return [
        [None] * parts,
        [*findings(definition, reads, registered)],
        [*event_findings(definition, Dialect.NATIVE, reads, registered)],
        [*pattern_findings(definition)],
    ]


def told_of(code: str, parts: list[list[Finding | None]]) -> list[Finding]:
    """Those of one kind."""
    return [one for each in parts for one in each if one is not None and one.code == code]


def test_a_condition_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number of its paths, of events, and of findings."""
    read: list[str] = []

    def counted(source: str) -> Any:
        read.append(source)
        return comparisons_in(source)

    monkeypatch.setattr(lint_watched, "comparisons_in", counted)
    observer = observer_of(workflow(run_if=MANY_PATHS))
    list(observer.add([event({"a": n}, id=f"e{n}") for n in range(3)], lambda: False))
    assert [one.code for one in found(observer)] == ["UNSEEN_PATH"] * FIELDS
    assert read == [MANY_PATHS]


@pytest.mark.parametrize(
    "condition",
    [{"run_if": MANY_PATHS}, {"filters": dict.fromkeys(map("payload.{}".format, ABSENT))}],
)
def test_each_path_is_a_part_by_itself(condition: dict[str, Any]) -> None:
    """In looking at an event as in telling what was found."""
    observer = observer_of(workflow(**condition))
    parts = sum(1 for _ in observer.add([event({"a": 1})], lambda: False))
    assert parts > FIELDS
    assert sum(one is None for one in observer.findings()) >= FIELDS


def test_what_is_left_off_midway_is_said_of_the_events_that_it_was_asked_of() -> None:
    """A path that the last event was not asked for any more was asked for by one event less."""
    condition = "payload.a = 1 and payload.b = 1 and payload.c = 1"
    observer = observer_of(workflow(run_if=condition))
    asked = 0
    events = [event({"n": n}, id=f"e{n}") for n in range(11)]
    whole = sum(1 for _ in observer_of(workflow(run_if=condition)).add(events, lambda: False))

    def is_over() -> bool:
        nonlocal asked
        asked += 1
        # It is asked before each event as well; the last path is left.
        return asked >= whole + len(events) - 1

    list(observer.add(events, is_over))
    told = {
        one.detail.split(" has ")[1]: one.detail for one in found(observer) if "has" in one.detail
    }
    assert [told[f"'payload.{name}'."].split()[4] for name in "abc"] == ["11", "11", "10"]


def test_hints_are_given_for_the_first_paths_only() -> None:
    """What is not there is told of each all the same."""
    sources = [f"payload.feild{n} = 1" for n in range(2 * HINTS_MAX)]
    steps = [{"id": f"s{n}", "action": "x", "run_if": one} for n, one in enumerate(sources)]
    parts = parts_of(placed(steps=steps), Registered(payloads=REGISTERED))
    told = told_of("UNKNOWN_FIELD", parts)
    assert len(told) == 2 * HINTS_MAX
    assert [one for one in told if "did you mean" in one.detail] == told[:HINTS_MAX]
    # Read, judged, looked up in the schema and for patterns: each by itself.
    least = [1, 2, 1, 1]  # what is always so is looked for by condition, and then by step
    counts = [each.count(None) // len(sources) for each in parts]
    assert all(one >= wanted for one, wanted in zip(counts, least, strict=True))
    read, *_ = parts_of(placed(run_if=MANY_PATHS), Registered())
    assert len(read) >= FIELDS


def test_names_of_events_are_compared_for_the_first_only() -> None:
    """A wait for an event that nobody registered is told of without a hint then."""
    names = [f"order:plaecd{n}" for n in range(2 * HINTS_MAX)]
    steps = [
        {"id": f"s{n}", "kind": "wait", "wait": {"event_name": name}}
        for n, name in enumerate(names)
    ]
    parts = parts_of(placed(steps=steps), Registered(payloads=REGISTERED))
    told = told_of("UNKNOWN_EVENT_TYPE", parts)
    assert [one for one in told if "did you mean" in one.detail] == told[:HINTS_MAX]
    assert len(told) == len(names)


def test_a_path_through_a_list_is_told_as_that() -> None:
    """A filter finds nothing there; nothing is proposed that no filter could find either."""
    payloads = [{"items": [{"price": n}], "none": None} for n in range(10)]
    events = [event(one, id=f"e{n}") for n, one in enumerate(payloads)]
    details = {}
    for name in ("items.price", "items.prise", "none", "item.price"):
        observer = observer_of(workflow(filters={f"payload.{name}": {"~gt": 3}}))
        list(observer.add(events, lambda: False))
        [details[name]] = [one.detail for one in found(observer) if one.code == "UNSEEN_PATH"]
    for name in ("items.price", "items.prise"):
        assert "'payload.items' is a list, which no filter looks through" in details[name]
    assert not any("Did you mean" in detail for detail in details.values())
