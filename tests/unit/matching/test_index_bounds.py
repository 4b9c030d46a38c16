"""Workflows made to be hard for the index are found all the same, and none is dear to look for."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.ids import WorkflowId
from shared.domain.workflows import Dialect
from shared.expr.jsonata import ExpressionCache
from shared.matching.index import NAMES_MAX
from shared.matching.placing import LENGTH_MAX, PATHS_MAX
from shared.matching.readers import Reading
from shared.matching.rules import compile_rule, judge
from shared.matching.table import WorkflowTable
from shared.matching.view import EventView
from tests.unit.matching.build import event, workflow

COUNT = 600
LONG = "a" * LENGTH_MAX

HARD: dict[str, tuple[Callable[[int], dict[str, Any]], Any, int]] = {
    "a path of its own": (lambda n: {f"payload.f{n}": 1}, {"f7": 1}, 1),
    "paths of its own": (
        lambda n: {f"payload.f{n}": 1, f"payload.g{n}": 1, "payload.h": n},
        {"f7": 1, "g7": 1, "h": 7},
        1,
    ),
    "one hot value": (lambda _: {"payload.a": 1}, {"a": 1}, COUNT),
    "beginnings of every length": (
        lambda n: {"payload.t": {"~starts": "a" * n + "b"}},
        {"t": "a" * 7 + "b" * 5_000},
        1,
    ),
    "long beginnings": (
        lambda n: {"payload.t": {"~starts": f"{LONG}{n}-"}},
        {"t": f"{LONG}7-{LONG}"},
        COUNT,
    ),
    "long ends": (
        lambda n: {"payload.t": {"~ends": f"-{n}{LONG}"}},
        {"t": f"{LONG}-7{LONG}"},
        COUNT,
    ),
    "overlapping spans": (
        lambda n: {"payload.x": {"~gte": n, "~lte": 2 * COUNT - n}},
        {"x": 2},
        3,
    ),
    "a long list": (
        lambda n: {"payload.l": {"~contains": f"v{n}"}},
        {"l": [f"v{n}" for n in range(COUNT - 1, 20_000)]},
        1,
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_what_is_hard_to_find_is_found_and_leaves_no_trace(name: str) -> None:
    """As by asking each; of no more than there have to be; and when all have left, all is gone."""
    filters, payload, tried_max = HARD[name]
    expressions = ExpressionCache(10)
    workflows = [workflow(number=n + 1, filters=filters(n)) for n in range(COUNT)]
    made = WorkflowTable(expressions)
    for one in workflows:
        made.put(one.conditions)
    view = EventView(event(payload))
    asked = [judge(view, compile_rule(one.conditions, expressions)) for one in workflows]

    found = made.match(view.event)
    assert [d for d in found if d.is_match] == [d for d in asked if d.is_match] != []
    assert len(found) <= tried_max

    for one in workflows:
        made.remove(WorkflowId(one.id))
    assert made.match(view.event) == []
    assert not made._places  # noqa: SLF001 - nothing stays behind


OWN: dict[str, Any] = {
    "a value": 1,
    "being there": {"~isnull": False},
    "a beginning": {"~starts": "a"},
    "an end": {"~ends": "a"},
    "a span of numbers": {"~gte": 1, "~lt": 3},
    "a span of texts": {"~gte": "a", "~lt": "c"},
    "an item": {"~contains": "a"},
}
"""What each workflow asks of a field of its own."""


@pytest.mark.parametrize("asked", OWN.values(), ids=OWN)
@pytest.mark.parametrize(
    "path", ["payload.f{}", "payload.f{}.g", "payload.o.f{}", "event.data.f{}"]
)
def test_an_event_is_looked_up_by_the_fields_that_it_has(path: str, asked: Any) -> None:
    """However many fields others ask of: also as workflows come and go."""
    made = WorkflowTable(ExpressionCache(10))
    view = EventView(event({"f7": "a", "f11": {"g": 2}, "o": {"f7": "a", "f11": 1}, "z": [1]}))
    workflows = [workflow(number=n, filters={path.format(n): asked}) for n in range(COUNT)]
    for _ in range(2):
        for one in workflows:
            made.put(one.conditions)
        [tables] = made._places.values()  # noqa: SLF001 - what is read shows in no answer
        reading = Reading(view, Dialect.NATIVE)
        tables[Dialect.NATIVE].find(reading, {})
        assert {reader.names[-1] for reader in reading} <= {"f7", "f11", "g"}
        matched = [d.workflow_id.int for d in made.match(view.event) if d.is_match]
        assert matched == [
            one.id.int
            for one in workflows
            if judge(view, compile_rule(one.conditions, ExpressionCache(10))).is_match
        ]
        for one in workflows:
            made.remove(WorkflowId(one.id))
        assert not made._places  # noqa: SLF001 - nothing stays behind


def test_long_paths_take_as_much_of_the_tree_as_short_ones() -> None:
    """Else each name of each is a node, and a list above them has them all gone through."""
    made = WorkflowTable(ExpressionCache(10))
    for n in range(COUNT):
        path = ".".join(["payload", f"f{n}", *"abcdefghijklmnopqrstuvwxyz"])
        made.put(workflow(number=n, filters={path: 1}).conditions)
    [[index]] = [each.values() for each in made._places.values()]  # noqa: SLF001 - what it keeps
    nodes, ahead = 0, [index._tree._root]  # type: ignore[union-attr]  # noqa: SLF001 - likewise
    while ahead:
        nodes += 1
        ahead += (ahead.pop().below or {}).values()
    assert nodes <= COUNT * NAMES_MAX
    value: Any = 1
    for name in reversed("abcdefghijklmnopqrstuvwxyz"):
        value = {name: value}
    assert [d.workflow_id.int for d in made.match(event({"f7": value}))] == [7]


def test_what_is_met_by_an_absent_field_is_found_among_many_fields() -> None:
    """By a filter as by JSONata, by itself and in a list of values."""
    made = WorkflowTable(ExpressionCache(1_000))
    for n in range(COUNT):
        made.put(workflow(number=n, filters={f"payload.f{n}": 1}).conditions)
    absent: list[dict[str, Any]] = [
        {"filters": {"payload.x": None}},
        {"filters": {"payload.x": {"~isnull": True}, "payload.y": {"~isnull": True}}},
        {"filters": {"payload.x": {"~in": [None, "b"]}}},
        {"filters": {"payload.x": {"~contains": None}, "payload.f7": {"~isnull": False}}},
        {"run_if": "$not($exists(payload.x))"},
    ]
    for n, change in enumerate(absent, COUNT):
        made.put(workflow(number=n, **change).conditions)
    found = made.match(event({"f7": 1}))
    rules = [
        compile_rule(workflow(number=1, **one).conditions, ExpressionCache(10)) for one in absent
    ]
    view = EventView(event({"f7": 1}))
    holds = [n for n, rule in enumerate(rules, COUNT) if judge(view, rule).is_match]
    assert [d.workflow_id.int for d in found if d.is_match] == [7, *holds]
    assert len(holds) >= 4


def test_an_event_is_read_for_few_of_the_paths_that_one_workflow_asks_of() -> None:
    """It may fail by its first clause: to read hundreds would be worse than to ask it."""
    fields = {f"f{n}": n for n in range(400)}
    made = WorkflowTable(ExpressionCache(10))
    filters = {f"payload.{name}": n for name, n in fields.items()}
    made.put(workflow(number=1, filters=filters).conditions)
    asked = list[str]()

    class Payload(dict[str, Any]):
        """Notes what is read of it."""

        def get(self, key: str, default: Any = None) -> Any:
            asked.append(key)
            return super().get(key, default)

    assert made.match(event(Payload())) == []
    assert 0 < sum(name in fields for name in asked) <= PATHS_MAX
    assert [d.is_match for d in made.match(event(fields))] == [True]
