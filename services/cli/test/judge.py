"""Tests of workflows, judged by what decides in production: the table of live workflows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from services.cli.test.suites import Suite, Test
from shared.domain.workflows import Workflow
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import DEPTH_MAX, Reason, guarded
from shared.matching.explain import Explained, explain
from shared.matching.table import WorkflowTable
from shared.matching.view import EventView


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a test came to: a sentence for each thing that is not as it says."""

    path: Path
    name: str
    failures: Sequence[str]
    duration_s: float


def judge(
    suite: Suite, expressions: ExpressionCache, monotonic: Callable[[], float]
) -> Iterator[Outcome]:
    """The outcome of each test, in order."""
    table = WorkflowTable(expressions)
    for workflow in suite.workflows.values():
        table.put(workflow.conditions)
    for test in suite.tests:
        begun_s = monotonic()
        failures = tuple(_failures(suite, test, table, expressions))
        yield Outcome(
            path=suite.path,
            name=test.name,
            failures=failures,
            duration_s=monotonic() - begun_s,
        )


def _failures(
    suite: Suite, test: Test, table: WorkflowTable, expressions: ExpressionCache
) -> Iterator[str]:
    view, started = EventView(test.event), _started(test, table)
    matches = None if test.matches is None else [suite.workflows[name] for name in test.matches]

    def explained(name: str) -> Explained:
        return explain(view, suite.workflows[name], expressions, depth_max=DEPTH_MAX)

    for name in test.matches or ():
        if suite.workflows[name].id not in started:
            yield f"'{name}' should start, and does not: {_why(explained(name))}"
    expected = {workflow.id for workflow in matches or ()}
    for workflow in _once(suite) if matches is not None else ():
        if workflow.id in started - expected:
            yield f"'{workflow.definition.name}' starts, and should not."
    for name, reason in test.excluded.items():
        if suite.workflows[name].id not in started:
            yield from _other_reason(name, reason, explained(name))
        elif matches is None or suite.workflows[name].id in expected:
            yield f"'{name}' starts, and should not."


def _started(test: Test, table: WorkflowTable) -> set[UUID]:
    decisions = (guarded(each, test.event, DEPTH_MAX) for each in table.match(test.event))
    return {each.workflow_id for each in decisions if each.is_match}


def _once(suite: Suite) -> Sequence[Workflow]:
    return list({workflow.id: workflow for workflow in suite.workflows.values()}.values())


def _other_reason(name: str, reason: Reason | None, explained: Explained) -> Iterator[str]:
    found = explained.decision.reason
    if reason is not None and found is not reason:
        yield f"'{name}' does not start, but not for {reason}: {_why(explained)}"


def _why(explained: Explained) -> str:
    detail = explained.detail
    return f"{explained.decision.reason}{': ' if detail else '.'}{detail or ''}"
