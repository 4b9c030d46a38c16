"""Workflows that an event matches, found by the index and by asking each."""

from typing import Any

from shared.domain.workflows import Workflow
from shared.expr.jsonata import ExpressionCache
from shared.matching.rules import Rule, compile_rule, judge
from shared.matching.table import WorkflowTable
from shared.matching.view import EventView
from tests.unit.matching.build import event

EXPRESSIONS = ExpressionCache(100_000)


def table(workflows: list[Workflow]) -> WorkflowTable:
    """A table of ``workflows``."""
    made = WorkflowTable(EXPRESSIONS)
    for one in workflows:
        made.put(one.conditions)
    return made


def rules_of(workflows: list[Workflow]) -> list[Rule]:
    """What decides on each."""
    return [compile_rule(one.conditions, EXPRESSIONS) for one in workflows]


def by_looking(payload: Any, rules: list[Rule]) -> list[int]:
    """The numbers of the workflows that an event matches, each of them asked."""
    view = EventView(event(payload))
    return [rule.workflow_id.int for rule in rules if judge(view, rule).is_match]


def by_index(made: WorkflowTable, payload: Any) -> list[int]:
    """The same, by the table."""
    return [d.workflow_id.int for d in made.match(event(payload)) if d.is_match]
