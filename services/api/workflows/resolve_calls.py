"""Steps that call a workflow by the id it was given: the one it has in this environment."""

from collections.abc import Mapping
from uuid import UUID

from shared.db.pool import Connection
from shared.db.workflows import find_given
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.steps import Step, Subworkflow
from shared.domain.workflows import Definition
from shared.matching.check import subworkflow_ids


async def resolve_calls(
    conn: Connection, definition: Definition, environment_id: EnvironmentId
) -> Definition:
    """``definition`` with the ids that the called workflows have; unknown ones stay as they are."""
    own: dict[UUID, UUID] = {}
    for called in subworkflow_ids(definition):
        found = await find_given(conn, environment_id, WorkflowId(called))
        if found is not None and found.workflow.id != called:
            own[called] = found.workflow.id
    if not own:
        return definition
    steps = tuple(_resolved(step, own) for step in definition.steps)
    return definition.model_copy(update={"steps": steps})


def _resolved(step: Step, own: Mapping[UUID, UUID]) -> Step:
    changes: dict[str, object] = {"subworkflow": _called(step.subworkflow, own)}
    if (loop := step.iterator) is not None:
        body = {"subworkflow": _called(loop.body.subworkflow, own)}
        changes["iterator"] = loop.model_copy(update={"body": loop.body.model_copy(update=body)})
    return step.model_copy(update=changes)


def _called(call: Subworkflow | None, own: Mapping[UUID, UUID]) -> Subworkflow | None:
    if call is None:
        return None
    return call.model_copy(update={"workflow_id": own.get(call.workflow_id, call.workflow_id)})
