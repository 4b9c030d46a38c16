"""The ids that a user can reckon from the outside, written down anew for the judge."""

from typing import Final
from uuid import UUID, uuid5

from tests.chaos.workflows import workflow_id

ENVIRONMENT: Final = "00000000-0000-4000-8000-000000000001"
_EVENTS: Final = UUID("6f6c2f1e-5f0b-5f5d-9a58-6d0c5a3f0c01")


def key_of(source: str, event_id: str, environment: str = ENVIRONMENT) -> str:
    """The key of an event."""
    return str(uuid5(_EVENTS, f"{environment}:{len(source)}:{source}:{event_id}"))


def started_by(workflow: str, key: str) -> str:
    """The id of the execution that an event starts of a workflow, by the workflow's own id."""
    return str(uuid5(UUID(workflow), key))


def started_of(workflow_key: str, source: str, event_id: str) -> str:
    """The id of the execution that an event of the plan starts."""
    return started_by(str(workflow_id(workflow_key)), key_of(source, event_id))
