"""Findings about a workflow that is not registered: what keeps it from running, and what is odd."""

import asyncio
from collections.abc import Sequence
from typing import Final

from services.api.resources import ApiResources
from services.api.workflows.dry_run import examined
from services.api.workflows.register_workflow import Registration
from shared.db.actions import find_action
from shared.db.event_types import list_event_types
from shared.db.pool import Connection
from shared.domain.actions import BUILT_IN
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId
from shared.domain.workflows import Definition, Workflow
from shared.matching.lint import Finding, Registered, Severity, findings
from shared.matching.lint_events import event_findings

TYPES_MAX: Final = 1_000
"""Of more types of events, none is said to be unknown."""

IDEMPOTENT: Final = "idempotent"
"""What an action's ``metadata`` may say; false: it may not be repeated."""


async def lint_workflow(
    resources: ApiResources, environment_id: EnvironmentId, asked: Registration
) -> list[Finding]:
    """Everything found; with a problem, no more than the problems.

    Those of a draft are warnings: it may be kept with them. Raises Invalid with the faults of its
    shape.
    """
    workflow, problems = await examined(resources, environment_id, asked)
    if problems:
        severity = Severity.WARNING if asked.is_draft else Severity.ERROR
        return [_problem(severity, problem) for problem in problems]
    async with resources.tenant(environment_id) as conn:
        registered = await _registered(conn, environment_id, workflow.definition)
    return await asyncio.to_thread(_found, workflow, registered)


async def _registered(
    conn: Connection, environment_id: EnvironmentId, definition: Definition
) -> Registered:
    types = await list_event_types(conn, environment_id, limit=TYPES_MAX + 1)
    named = {step.action for step in definition.steps if step.action is not None} - BUILT_IN.keys()
    actions = [await find_action(conn, environment_id, name) for name in sorted(named)]
    return Registered(
        payloads={one.spec.type or one.name: one.spec.json_schema for one in types},
        has_all_types=len(types) <= TYPES_MAX,
        not_idempotent=frozenset(
            action.name
            for action in actions
            if action is not None and (action.spec.metadata or {}).get(IDEMPOTENT) is False
        ),
    )


def _found(workflow: Workflow, registered: Registered) -> list[Finding]:
    definition, dialect = workflow.definition, workflow.dialect
    found: Sequence[Finding] = [
        *findings(definition, dialect, registered),
        *event_findings(definition, dialect, registered),
    ]
    order = list(Severity)
    return sorted(found, key=lambda one: order.index(one.severity))


def _problem(severity: Severity, problem: Problem) -> Finding:
    return Finding(
        severity=severity, pointer=problem.pointer, code=problem.code, detail=problem.detail
    )
