"""Starting an execution by hand: no event has to match."""

import asyncio
from typing import Any

from services.api.expiry import ExpiryRequest, expiry_of
from services.api.publish_command import publish_command
from services.api.resources import ApiResources
from shared.db.workflows import get_workflow
from shared.domain.errors import Conflict, Invalid, Problem
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, ExecutionId, WorkflowId, event_key, execution_id
from shared.domain.workflows import Definition, Lifecycle
from shared.expr.schemas import JsonSchema
from shared.wire.commands import encode_start
from shared.wire.events import encode_event
from shared.wire.strict_json import invalid

STARTED_BY_HAND = "workflow:started"
SOURCE = "/turnout/api"


class StartRequest(ExpiryRequest):
    """What the execution is to see; ``parameters`` become a field of the payload, an object."""

    payload: Any = None
    parameters: dict[str, Any] | None = None


async def start_execution(
    resources: ApiResources, workflow_id: WorkflowId, asked: StartRequest, key: str | None
) -> ExecutionId:
    """Send the command that starts the current version; on return it is durable.

    The same ``key`` names the same execution of a workflow, however often it is asked for: the
    first request counts. A workflow that is not active can be started too: that only keeps events
    from doing it. Raises NotFound, Invalid, Unavailable, and Conflict for a draft.
    """
    now = resources.clock.now()
    async with resources.connection() as conn:
        workflow = await get_workflow(conn, workflow_id)
    if workflow.lifecycle is not Lifecycle.READY:
        raise Conflict(f"Workflow {workflow_id} is a draft: mend what it lacks, and activate it.")
    definition = workflow.definition
    expires_at = expiry_of(asked, workflow.policy, now)
    await asyncio.to_thread(_check_input, definition, asked)
    id_ = key or str(resources.new_id())
    environment_id = EnvironmentId(workflow.environment_id)
    event = Event(
        key=event_key(environment_id, SOURCE, id_),
        environment_id=environment_id,
        type=STARTED_BY_HAND,
        source=SOURCE,
        id=id_,
        received_at=now,
        payload=_payload(asked),
    )
    started = execution_id(workflow_id, event.key)
    command = encode_start(
        started,
        workflow_id,
        workflow.version,
        encode_event(event),
        now,
        source=SOURCE,
        expires_at=expires_at,
    )
    await publish_command(resources, started, command)
    return started


def _payload(asked: StartRequest) -> Any:
    if asked.parameters is None:
        return asked.payload
    if not isinstance(asked.payload, dict | None):
        detail = "Beside 'parameters' it must be an object: they become one of its fields."
        raise invalid("/payload", "NOT_AN_OBJECT", detail)
    return {**(asked.payload or {}), "parameters": asked.parameters}


def _check_input(definition: Definition, asked: StartRequest) -> None:
    """Hold the parameters, or without them the payload, against the workflow's schema."""
    if definition.input_schema is None:
        return
    field = "payload" if asked.parameters is None else "parameters"
    faults = JsonSchema(definition.input_schema).faults(getattr(asked, field))
    if faults:
        raise Invalid(
            [Problem(pointer=f"/{field}", code="INPUT_SCHEMA", detail=f"{f}.") for f in faults]
        )
