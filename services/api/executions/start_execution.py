"""Starting an execution by hand: no event has to match."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from services.api.executions.asked_of import asked_of, check_key, is_named
from services.api.executions.expiry import ExpiryRequest, expiry_of
from services.api.executions.publish_command import publish_command
from services.api.note_changes import note_command
from services.api.resources import ApiResources
from services.api.workflows.register_workflow import check_not_archived
from shared.db.audit import Change
from shared.db.workflows import get_workflow
from shared.domain.asked import Asked
from shared.domain.errors import Conflict, Invalid, Problem
from shared.domain.events import Event
from shared.domain.ids import (
    EnvironmentId,
    EventKey,
    ExecutionId,
    WorkflowId,
    event_key,
    execution_id,
    start_key,
)
from shared.domain.principals import Caller
from shared.domain.workflows import Lifecycle, Workflow
from shared.expr.schemas import JsonSchema, Schema
from shared.wire.commands import encode_start
from shared.wire.events import encode_event
from shared.wire.lineage import Lineage
from shared.wire.strict_json import invalid

STARTED_BY_HAND = "workflow:started"
SOURCE = "/turnout/api"


class StartRequest(ExpiryRequest, Asked):
    """What the execution is to see; ``parameters`` become a field of the payload, an object."""

    payload: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An execution that is about to start, and the workflow that it is of."""

    execution_id: ExecutionId
    workflow: Workflow


async def start_execution(
    resources: ApiResources,
    caller: Caller,
    workflow_id: WorkflowId,
    asked: StartRequest,
    key: str | None,
) -> Started:
    """Send the command that starts the current version; on return it is durable.

    The same ``key`` names the same execution of a workflow, however often it is asked for in the
    same words. A workflow that is not active can be started too: that only keeps events
    from doing it. Raises NotFound, Invalid, Unavailable, and Conflict for a draft, for what is
    archived, and for what other workflows alone may start; Invalid also for a key that was used for
    something else.
    """
    now = resources.clock.now()
    async with resources.tenant(caller.environment_id) as conn:
        workflow = await get_workflow(conn, workflow_id)
    definition = workflow.definition
    _check_may_start(workflow)
    expires_at = expiry_of(asked, workflow.policy, now)
    if definition.input_schema is not None:
        check = partial(_check_input, definition.input_schema, asked)
        await resources.computing.call(caller.environment_id, check)
    said = asked_of(asked, definition, key)
    key = key or asked.idempotency_key
    event = await _event(resources, workflow, key, asked)
    started = execution_id(workflow_id, event.key)
    if key is not None:
        await check_key(resources, started, asked)
    command = encode_start(
        started,
        workflow_id,
        workflow.version,
        encode_event(event),
        now,
        source=SOURCE,
        expires_at=expires_at,
        lineage=Lineage(asked=said),
    )
    await note_command(resources, caller, _change(started, workflow))
    await publish_command(resources, started, command)
    return Started(execution_id=started, workflow=workflow)


async def key_named(resources: ApiResources, workflow: Workflow, name: str) -> EventKey:
    """What stands for an event's key in a start of ``workflow`` that a caller has named.

    Until November 2026 it was that of the event with this id from ``SOURCE``: names from then still
    name the same execution, for as long as they are kept.
    """
    environment_id, workflow_id = EnvironmentId(workflow.environment_id), WorkflowId(workflow.id)
    earlier = event_key(environment_id, SOURCE, name)
    if await is_named(resources, execution_id(workflow_id, earlier)):
        return earlier
    return start_key(environment_id, name)


async def _event(
    resources: ApiResources, workflow: Workflow, name: str | None, asked: StartRequest
) -> Event:
    environment_id, id_ = EnvironmentId(workflow.environment_id), name or str(resources.new_id())
    named = None if name is None else await key_named(resources, workflow, name)
    return Event(
        key=named or start_key(environment_id, id_),
        environment_id=environment_id,
        type=STARTED_BY_HAND,
        source=SOURCE,
        id=id_,
        received_at=resources.clock.now(),
        payload=_payload(asked),
    )


def _change(started: ExecutionId, workflow: Workflow) -> Change:
    return Change(
        action="execution.start",
        target=f"execution:{started}",
        after={"workflow_id": str(workflow.id), "workflow_version": workflow.version},
    )


def _check_may_start(workflow: Workflow) -> None:
    check_not_archived(workflow)
    if workflow.lifecycle is not Lifecycle.READY:
        raise Conflict(f"Workflow {workflow.id} is a draft: mend what it lacks, and activate it.")
    if workflow.definition.is_subflow:
        raise Conflict(
            f"Workflow {workflow.id} is started by other workflows only;"
            " give it a 'manual' trigger as well to start it here."
        )


def _payload(asked: StartRequest) -> Any:
    if asked.parameters is None:
        return asked.payload
    if not isinstance(asked.payload, dict | None):
        detail = "Beside 'parameters' it must be an object: they become one of its fields."
        raise invalid("/payload", "NOT_AN_OBJECT", detail)
    return {**(asked.payload or {}), "parameters": asked.parameters}


def _check_input(schema: Schema, asked: StartRequest) -> None:
    """Hold the parameters, or without them the payload, against the workflow's schema."""
    field = "payload" if asked.parameters is None else "parameters"
    faults = JsonSchema(schema).faults(getattr(asked, field))
    if faults:
        raise Invalid(
            [Problem(pointer=f"/{field}", code="INPUT_SCHEMA", detail=f"{f}.") for f in faults]
        )
