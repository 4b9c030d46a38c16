"""Workflows that call workflows: what is called must be there, and must not call back."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from shared.db.pool import Connection
from shared.db.workflows import find_given
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Definition, Lifecycle, Workflow
from shared.matching.check import calls_of, subworkflow_ids

WORKFLOWS_MAX: Final = 1_000

_SHOWN_MAX: Final = 10


async def call_problems(
    conn: Connection, definition: Definition, environment_id: EnvironmentId, workflow_id: WorkflowId
) -> list[Problem]:
    """What is wrong with the workflows that ``definition`` calls, itself and through others.

    A call of itself is left to ``definition_problems``. A draft may be called, as it may be
    activated later; it is then checked in its turn.
    """
    reached = await _reached(conn, definition, environment_id, workflow_id)
    if len(reached) > WORKFLOWS_MAX:
        detail = f"More than {WORKFLOWS_MAX} workflows call each other; call fewer of them."
        return [Problem(pointer="/steps", code="TOO_MANY_WORKFLOWS", detail=detail)]
    found: list[Problem] = []
    for pointer, called in calls_of(definition):
        if called == workflow_id:
            continue
        if called not in reached:
            detail = f"There is no workflow {called} in this environment; name one that is."
            found.append(Problem(pointer=pointer, code="UNKNOWN_WORKFLOW", detail=detail))
        elif reached[called].lifecycle is Lifecycle.ARCHIVED:
            detail = f"Workflow {called} is archived: unarchive it, or call another one."
            found.append(Problem(pointer=pointer, code="ARCHIVED_WORKFLOW", detail=detail))
        elif way := _way(called, workflow_id, reached):
            names = [f"'{definition.name}'", *(f"'{name}'" for name in way), "itself again"]
            shown = [*names[:_SHOWN_MAX], "…"] if len(names) > _SHOWN_MAX else names
            detail = f"Workflows call each other: {' calls '.join(shown)}; remove one of the calls."
            found.append(Problem(pointer=pointer, code="SUBWORKFLOW_CYCLE", detail=detail))
    return found


async def _reached(
    conn: Connection, definition: Definition, environment_id: EnvironmentId, workflow_id: WorkflowId
) -> Mapping[UUID, Workflow]:
    """The workflows that are called, and those that they call, up to one too many."""
    reached: dict[UUID, Workflow] = {}
    seen: set[UUID] = {workflow_id}
    left = list(subworkflow_ids(definition))
    while left and len(reached) <= WORKFLOWS_MAX:
        called = left.pop()
        if called in seen:
            continue
        seen.add(called)
        latest = await find_given(conn, environment_id, WorkflowId(called))
        if latest is None or latest.is_deleted:
            continue
        if latest.workflow.environment_id == environment_id:
            reached[called] = latest.workflow
            left += _called_by(latest.workflow)
    return reached


def _called_by(workflow: Workflow) -> Iterable[UUID]:
    is_draft = workflow.lifecycle is Lifecycle.DRAFT
    return () if is_draft else subworkflow_ids(workflow.definition)


def _way(start: UUID, goal: UUID, reached: Mapping[UUID, Workflow]) -> list[str]:
    """The names of the workflows on a shortest way from ``start`` to what calls ``goal``."""
    before: dict[UUID, UUID | None] = {start: None}
    queue = [start]
    for at in queue:
        for called in _called_by(reached[at]):
            if called == goal:
                return _names(at, before, reached)
            if called in reached and called not in before:
                before[called] = at
                queue.append(called)
    return []


def _names(
    last: UUID, before: Mapping[UUID, UUID | None], reached: Mapping[UUID, Workflow]
) -> list[str]:
    names: list[str] = []
    at: UUID | None = last
    while at is not None:
        names.insert(0, reached[at].definition.name)
        at = before[at]
    return names
