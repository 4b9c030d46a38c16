"""Workflows made to be hard for the index are found all the same, and none is dear to look for."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.ids import WorkflowId
from shared.expr.jsonata import ExpressionCache
from shared.matching.placing import LENGTH_MAX, PATHS_MAX
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
