"""What an explanation says of the paths that failed conditions read, and of how many."""

from typing import Any

import pytest

from shared.domain.workflows import Workflow
from shared.expr.jsonata import ExpressionCache
from shared.matching import explain as explaining
from shared.matching.decisions import DEPTH_MAX
from shared.matching.explain import FAILURES_MAX, HINTS_MAX, Failed, explain
from shared.matching.view import EventView
from tests.unit.matching.build import event, workflow

PAYLOAD: dict[str, Any] = {"items": [{"price": 5}], "none": None, "field": 1}
ABSENT = {f"payload.feild{n}": 1 for n in range(500)}
PARTS = " and ".join(f"$count([payload.feild{n}, payload.fiel{n}]) = 9" for n in range(32))


def failed(about: Workflow) -> list[Failed]:
    """The conditions that do not hold."""
    found = explain(EventView(event(PAYLOAD)), about, ExpressionCache(64), depth_max=DEPTH_MAX)
    return [*found.failed]


@pytest.mark.parametrize(
    ("conditions", "count", "looked_up"),
    [
        ({"filters": ABSENT}, 500, FAILURES_MAX),
        ({"run_if": PARTS}, 32, 2 * FAILURES_MAX),
        ({"filters": ABSENT, "run_if": PARTS}, 532, FAILURES_MAX),
        ({"filters": [{"~or": [{"payload.n": 1}]}], "run_if": PARTS}, 33, 2 * FAILURES_MAX - 2),
    ],
)
def test_paths_are_looked_up_for_the_first_failures(
    conditions: dict[str, Any],
    count: int,
    looked_up: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No more than are shown; and what was meant is looked for so often at most."""
    tried: list[Any] = []
    for name in ("similar", "similar_in_filter"):
        monkeypatch.setattr(explaining, name, lambda _, path: tried.append(path))
    found = failed(workflow(**conditions))
    assert len(found) == count
    assert sum(len(one.reads) for one in found) == looked_up
    assert not any(one.reads for one in found[FAILURES_MAX:])
    assert len(tried) == HINTS_MAX


@pytest.mark.parametrize(
    "conditions",
    [
        {"filters": ABSENT},
        {"run_if": PARTS},
        {"run_if": f"$count([{', '.join([*ABSENT][:99])}]) > 9"},
    ],
)
def test_no_part_looks_for_what_was_meant_more_than_once(
    conditions: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a large event each look takes long enough: others have their turn between two."""
    tried: list[Any] = []
    for name in ("similar", "similar_in_filter"):
        monkeypatch.setattr(explaining, name, lambda _, path: tried.append(path))
    view, expressions = EventView(event(PAYLOAD)), ExpressionCache(64)
    parts = explaining.explaining(view, workflow(**conditions), expressions, depth_max=DEPTH_MAX)
    before = 0
    for _ in parts:
        assert len(tried) - before <= 1
        before = len(tried)
    assert before == len(tried) == HINTS_MAX


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("payload.items.price", "payload.items.price is absent (payload.items is a list"),
        ("payload.items.prise", "payload.items.prise is absent (payload.items is a list"),
        ("payload.items.0.prise", "did you mean payload.items.0.price?"),
        ("payload.items.1.price", None),
        ("payload.item.price", None),
        ("payload.none", None),
        ("payload.feild", "did you mean payload.field?"),
    ],
)
def test_a_filter_is_told_what_it_finds(path: str, hint: str | None) -> None:
    """Nothing within a list, unless an item is named; no path is proposed that finds nothing."""
    [one] = failed(workflow(filters={path: "x"}))
    [read] = one.reads
    assert read.is_there is (path == "payload.none")
    assert hint is None or hint in str(one)
    assert bool(read.hint) is (hint is not None)
