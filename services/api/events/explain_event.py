"""Why an event did, or did not, start each workflow that awaits it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.api.resources import ApiResources
from shared.db.events import ConflictingRecord, get_event, list_conflicts
from shared.db.history import Execution, ExecutionFilter, search_executions
from shared.db.pool import Connection
from shared.db.workflows import list_candidates
from shared.domain.errors import NotFound
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey, WorkflowId
from shared.domain.workflows import Workflow
from shared.matching.decisions import Decision
from shared.matching.rules import decide
from shared.matching.view import EventView

CANDIDATES_MAX: Final = 100
_CONFLICTS_MAX: Final = 20
_EXECUTIONS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An event and what became of it; ``is_complete`` unless more workflows await it."""

    event: Event
    conflicts: Sequence[ConflictingRecord]
    decisions: Sequence[Decision]
    is_complete: bool
    executions: Sequence[Execution]


async def explain_event(
    resources: ApiResources,
    environment_id: EnvironmentId,
    keys: Sequence[EventKey],
    workflow_id: WorkflowId | None,
) -> Explanation:
    """The first event that has one of ``keys``, with a decision on each workflow that awaited it.

    Workflows count as they were when the event arrived; decisions are made anew, which gives the
    same as then. With ``workflow_id`` that workflow is decided on, whatever it awaits. Raises
    NotFound.
    """
    async with resources.tenant(environment_id) as conn:
        event = await _first(conn, keys)
        candidates = await list_candidates(
            conn, event, workflow_id=workflow_id, limit=CANDIDATES_MAX + 1
        )
        conflicts = await list_conflicts(conn, event.key, limit=_CONFLICTS_MAX)
        executions = await search_executions(
            conn,
            ExecutionFilter(environment_id=environment_id, event_key=event.key),
            limit=_EXECUTIONS_MAX,
        )
    decisions = await asyncio.to_thread(_decide, event, candidates[:CANDIDATES_MAX], resources)
    return Explanation(
        event=event,
        conflicts=conflicts,
        decisions=decisions,
        is_complete=len(candidates) <= CANDIDATES_MAX,
        executions=executions.items,
    )


async def _first(conn: Connection, keys: Sequence[EventKey]) -> Event:
    for key in keys[:-1]:
        try:
            return await get_event(conn, key)
        except NotFound:
            continue
    return await get_event(conn, keys[-1])


def _decide(
    event: Event, candidates: Sequence[Workflow], resources: ApiResources
) -> list[Decision]:
    view = EventView(event)
    expressions, depth_max = resources.expressions, resources.causation_depth_max
    return [decide(view, workflow, expressions, depth_max=depth_max) for workflow in candidates]
