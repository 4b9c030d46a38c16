"""Taking what a sender of webhooks says: it starts the one workflow that the address is for."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog

from services.api.executions.publish_command import publish_command
from services.api.resources import ApiResources
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, WorkflowId, event_key, execution_id, trigger_source
from shared.domain.workflows import Workflow
from shared.matching.decisions import Decision, Reason, guarded
from shared.matching.rules import compile_rule, judge
from shared.matching.view import EventView
from shared.wire.commands import encode_start
from shared.wire.events import encode_event

RECEIVED = "webhook:received"
"""The type of the event that a webhook starts an execution with."""

_log = structlog.get_logger(__name__)


async def receive_webhook(
    resources: ApiResources,
    workflow: Workflow,
    trigger_id: str,
    payload: Any,
    key: str | None,
    chain: Mapping[str, Any],
) -> Event:
    """Start ``workflow`` with an event, if its filters and its ``run_if`` let it; gives the event.

    On return the start is durable. The same ``key`` names the same event of a trigger: said again,
    it starts nothing new. Nor does one that ``chain`` tells to be too deep. Raises Unavailable.
    """
    now, workflow_id = resources.clock.now(), WorkflowId(workflow.id)
    source = trigger_source(workflow_id, trigger_id)
    id_, environment_id = key or str(resources.new_id()), EnvironmentId(workflow.environment_id)
    event = Event(
        key=event_key(environment_id, source, id_),
        environment_id=environment_id,
        type=RECEIVED,
        source=source,
        id=id_,
        received_at=now,
        payload=payload,
        attributes=chain,
    )
    if await _is_wanted(resources, workflow, event):
        started = execution_id(workflow_id, event.key)
        command = encode_start(
            started, workflow_id, workflow.version, encode_event(event), now, source=source
        )
        await publish_command(resources, started, command)
    return event


async def _is_wanted(resources: ApiResources, workflow: Workflow, event: Event) -> bool:
    id_, version = WorkflowId(workflow.id), workflow.version
    decision = Decision(workflow_id=id_, workflow_version=version, reason=Reason.MATCHED)
    if workflow.definition.filters is not None or workflow.definition.run_if is not None:
        ask = partial(_judged, resources, workflow, event)
        decision = await resources.pace.evaluate(event.environment_id, ask)
    decision = guarded(decision, event, resources.causation_depth_max)
    if not decision.is_match:
        _log.info(
            "webhook_not_started",
            workflow_id=str(workflow.id),
            event_key=str(event.key),
            reason=decision.reason.value,
            detail=decision.detail,
        )
    return decision.is_match


def _judged(resources: ApiResources, workflow: Workflow, event: Event) -> Decision:
    # To compile thousands of clauses takes longer than to ask them.
    return judge(EventView(event), compile_rule(workflow.conditions, resources.expressions))
