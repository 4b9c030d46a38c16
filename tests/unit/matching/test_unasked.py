"""Conditions that were not asked, after one that broke a bound."""

import pytest

from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import DEPTH_MAX
from shared.matching.explain import explain
from shared.matching.view import EventView
from tests.unit.matching.build import event, workflow

COSTLY = "$count((1; $map([1..9999], function($v) { $sum([1..$v]) }))) > 0"


@pytest.mark.parametrize(
    ("run_if", "is_near_miss"),
    [
        (f"payload.n = 1 and {COSTLY} and payload.z = 3", False),
        (f"payload.n = 1 and {COSTLY} and payload.n = 1", False),
        (f"payload.n = 1 and {COSTLY}", True),
        (COSTLY, True),
        (f"payload.n = 2 and {COSTLY}", False),
    ],
)
def test_nothing_is_said_to_hold_that_was_not_asked(run_if: str, *, is_near_miss: bool) -> None:
    """A near miss is an event on which all else was asked, and holds."""
    view, about = EventView(event({"n": 1})), workflow(run_if=run_if)
    found = explain(view, about, ExpressionCache(8), depth_max=DEPTH_MAX)
    assert found.is_near_miss is is_near_miss
    assert found.failed[-1].text == COSTLY
