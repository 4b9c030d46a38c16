"""A decision on an event beside the name of the workflow; also where there was no such workflow."""

from dataclasses import replace
from typing import Final, NamedTuple

from services.api.resources import ApiResources
from shared.db.pool import Connection
from shared.db.workflow_changes import find_made_at
from shared.db.workflows import find_latest
from shared.domain.errors import NotFound
from shared.domain.events import Event
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Workflow
from shared.matching.decisions import Decision, Overflow, Reason, within
from shared.matching.explain import Explained, Parts, explaining
from shared.matching.view import EventView
from shared.wire.envelope import stamp

NO_VERSION: Final = 0
"""The version of a workflow that was not there."""


class Judged(NamedTuple):
    """A workflow's name, as the version had it, and the decision on it."""

    workflow_name: str
    explained: Explained


def judged(
    resources: ApiResources, view: EventView, workflow: Workflow, overflow: Overflow | None
) -> Parts[Judged]:
    """The decision on a workflow as it was; ``overflow`` is what is kept of the event, if any."""
    depth_max = resources.causation_depth_max
    explained = yield from explaining(view, workflow, resources.expressions, depth_max=depth_max)
    if overflow is not None:
        explained = replace(explained, decision=within(explained.decision, overflow))
    return Judged(workflow.definition.name, explained)


async def judged_absent(conn: Connection, event: Event, workflow_id: WorkflowId) -> Judged:
    """The decision on a workflow that was not there when the event arrived.

    Raises NotFound where there never was one.
    """
    latest, made_at = await find_latest(conn, workflow_id), await find_made_at(conn, workflow_id)
    if latest is None or made_at is None:
        raise NotFound(f"There is no workflow {workflow_id}.")
    arrived = f"the event arrived at {stamp(event.received_at)}"
    reason, cause = Reason.INACTIVE, f"It had been deleted when {arrived}."
    if made_at > event.received_at:
        reason = Reason.NOT_MADE_YET
        cause = f"It was made at {stamp(made_at)}, after {arrived}."
    decision = Decision(
        workflow_id=workflow_id, workflow_version=NO_VERSION, reason=reason, cause=cause
    )
    return Judged(latest.workflow.definition.name, Explained(decision=decision))
