"""Identifiers, and how each is derived.

Derived ids are UUIDv5: the same input gives the same id in every process and at every delivery,
which is what makes repeats harmless.
"""

from typing import NewType
from uuid import UUID, uuid5

EnvironmentId = NewType("EnvironmentId", UUID)
EventKey = NewType("EventKey", UUID)
WorkflowId = NewType("WorkflowId", UUID)
ExecutionId = NewType("ExecutionId", UUID)
StepId = NewType("StepId", str)

EVENT_NAMESPACE = UUID("6f6c2f1e-5f0b-5f5d-9a58-6d0c5a3f0c01")

DEFAULT_ENVIRONMENT = EnvironmentId(UUID("00000000-0000-4000-8000-000000000001"))


def event_key(environment_id: EnvironmentId, source: str, event_id: str) -> EventKey:
    """The identity of an event: the same id from another source is another event.

    The lengths keep ("a", "b:c") and ("a:b", "c") apart.
    """
    return EventKey(uuid5(EVENT_NAMESPACE, f"{environment_id}:{len(source)}:{source}:{event_id}"))


def execution_id(workflow_id: WorkflowId, key: EventKey) -> ExecutionId:
    """The one execution that an event can start of a workflow, in whichever version."""
    return ExecutionId(uuid5(workflow_id, str(key)))


def result_id(execution: str, log_position: int) -> str:
    """The stable id of the step result at ``log_position`` (from 1) of an execution."""
    return f"{execution}:{log_position}"


def call_key(execution: str, step: str) -> str:
    """The ``Idempotency-Key`` of a step's outbound call, the same for each of its attempts."""
    return f"{execution}:{step}"
