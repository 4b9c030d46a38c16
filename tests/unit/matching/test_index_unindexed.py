"""Workflows that each of their events must try, as nothing of their conditions can be looked up."""

from typing import Any

import pytest

from shared.domain.ids import WorkflowId
from shared.domain.workflows import Definition, Lifecycle, Workflow
from shared.expr.jsonata import ExpressionCache
from shared.matching.table import WorkflowTable, is_unindexed
from tests.unit.matching.build import event, workflow

TRIED = "$string(payload.n) = '2'"
LOOKED_UP = "payload.n = 2"


def table(*workflows: Workflow) -> WorkflowTable:
    """A table of these, one put after the other."""
    made = WorkflowTable(ExpressionCache(10))
    for each in workflows:
        made.put(each.conditions)
    return made


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"run_if": TRIED}, 1),
        ({"run_if": f"{TRIED} or {LOOKED_UP}"}, 1),
        ({"filters": {"payload.n": {"~neq": 2}}}, 1),
        ({"filters": {"~not": {"payload.n": 2}}, "run_if": TRIED}, 1),
        ({"run_if": f"{TRIED} and {LOOKED_UP}"}, 0),
        ({"filters": {"payload.n": 2}, "run_if": TRIED}, 0),
        ({"run_if": LOOKED_UP}, 0),
        ({}, 0),
        ({"definition": Definition(name="w", run_if=TRIED)}, 0),
        ({"run_if": TRIED, "is_active": False}, 0),
        ({"run_if": TRIED, "lifecycle": Lifecycle.DRAFT}, 0),
        ({"run_if": TRIED, "is_quarantined": True}, 1),
        ({"run_if": LOOKED_UP, "is_quarantined": True}, 0),
    ],
)
def test_those_count_of_which_nothing_can_be_looked_up(changes: dict[str, Any], count: int) -> None:
    """Not those without conditions, which nothing could make cheaper, nor those no event starts.

    One that is set aside counts: each event asks it all the same, to be told so.
    """
    one = workflow(**changes)
    made = table(one)
    assert made.unindexed == is_unindexed(one) == count
    assert len(made.match(event({"n": 3}))) == (count if changes else 1)


def test_each_counts_once() -> None:
    """By whatever names it waits, and however often it is put."""
    one = workflow("ticket:created", "ticket:*", "user:created", run_if=TRIED)
    made = table(one, one, workflow(number=2, run_if=TRIED), workflow(number=3, run_if=LOOKED_UP))
    assert (len(made), made.unindexed) == (3, 2)


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"run_if": f"{TRIED} and payload.m = 1"}, 0),
        ({"run_if": f"{TRIED} or payload.m = 1"}, 1),
        ({"run_if": TRIED, "is_active": False}, 0),
        ({"run_if": TRIED, "is_quarantined": True}, 1),
    ],
)
def test_a_version_counts_in_place_of_the_one_before(changes: dict[str, Any], count: int) -> None:
    """Whether that counted or not; a workflow that left counts no more, and one that never was."""
    for before in (TRIED, LOOKED_UP):
        made = table(workflow(run_if=before), workflow(version=2, **changes))
        assert made.unindexed == count
        made.remove(WorkflowId(workflow().id))
        made.remove(WorkflowId(workflow().id))
        made.remove(WorkflowId(workflow(number=9).id))
        assert made.unindexed == 0
