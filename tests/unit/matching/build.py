"""Builders of events and workflows."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, event_key
from shared.domain.steps import Step
from shared.domain.workflows import Definition, Dialect, Lifecycle, Trigger, Workflow

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def event(payload: Any = None, **changes: Any) -> Event:
    """An event ``ticket:created``."""
    fields: dict[str, Any] = {
        "environment_id": DEFAULT_ENVIRONMENT,
        "type": "ticket:created",
        "source": "desk",
        "id": "e1",
        "received_at": AT,
        "payload": payload,
        **changes,
    }
    key = event_key(fields["environment_id"], fields["source"], fields["id"])
    return Event(**{"key": key, **fields})


def workflow(*event_names: str, number: int = 1, **changes: Any) -> Workflow:
    """An active workflow; ``changes`` are fields of it or of its definition."""
    of_definition = {name: changes.pop(name) for name in list(changes) if name in _DEFINED}
    triggers = tuple(Trigger(event_name=name) for name in event_names or ("ticket:created",))
    fields: dict[str, Any] = {
        "id": UUID(int=number),
        "environment_id": DEFAULT_ENVIRONMENT,
        "version": 1,
        "dialect": Dialect.NATIVE,
        "lifecycle": Lifecycle.READY,
        "is_active": True,
        "definition": Definition(name="w", triggers=triggers, **of_definition),
        "source": None,
        "created_at": AT,
        "updated_at": AT,
    }
    return Workflow(**(fields | changes))


def step(step_id: str, **changes: Any) -> Step:
    """A step that calls ``transform``."""
    return Step(**({"id": step_id, "action": "transform"} | changes))


_DEFINED = frozenset({"filters", "run_if", "steps"})
