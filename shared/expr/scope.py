"""What an expression sees: its root object, by the dialect of its workflow.

==========  ======================================================================================
native      ``event`` {key id type source subject time attributes data}, ``payload`` (= event.data),
            ``trigger`` {kind event_name}; in a step also ``steps`` {id: {status output}},
            ``workflow``, ``execution``
truto       the payload's own fields, and beside them ``event`` {id event type source subject
            created_at environment_id payload}, ``environment_id``, ``tenant_id``, ``context``,
            ``integrated_account_id``; in a step also ``steps`` [{id status output}], in the
            order in which they ran, ``workflow``, ``execution``
==========  ======================================================================================

In truto's scope ``event``, ``steps``, ``workflow`` and ``execution`` hide a payload's fields of
these names (``event.payload`` still has them); every other field of the payload comes first, and
ours fill what it lacks: ``environment_id`` from the event, ``integrated_account_id`` from
``payload.id``, ``tenant_id`` and ``context`` from the event's attributes. A payload that is no
object contributes nothing to the root.

Scopes share the event's values and are not to be changed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, assert_never

from shared.domain.events import Event
from shared.domain.workflows import Dialect


def event_scope(event: Event, dialect: Dialect) -> dict[str, Any]:
    """The scope of a filter and of a workflow's ``run_if``."""
    match dialect:
        case Dialect.NATIVE:
            return _native(event)
        case Dialect.TRUTO:
            return _truto(event)
        case _:
            assert_never(dialect)


def step_scope(
    event: Event,
    dialect: Dialect,
    *,
    steps: Mapping[str, Mapping[str, Any]],
    workflow: Mapping[str, Any],
    execution: Mapping[str, Any],
) -> dict[str, Any]:
    """The scope of a step's ``run_if`` and input.

    ``steps`` holds ``status`` and ``output`` of each step that has ended, by id, in the order of
    their start.
    """
    ended: Any
    if dialect is Dialect.TRUTO:
        ended = [{"id": step, **outcome} for step, outcome in steps.items()]
    else:
        ended = {step: dict(outcome) for step, outcome in steps.items()}
    return {
        **event_scope(event, dialect),
        "steps": ended,
        "workflow": dict(workflow),
        "execution": dict(execution),
    }


def _native(event: Event) -> dict[str, Any]:
    return {
        "event": {
            "key": str(event.key),
            "id": event.id,
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "time": _iso(event.time or event.received_at),
            "attributes": dict(event.attributes),
            "data": event.payload,
        },
        "payload": event.payload,
        "trigger": {"kind": "event", "event_name": event.type},
    }


def _truto(event: Event) -> dict[str, Any]:
    payload = event.payload if isinstance(event.payload, dict) else {}
    environment_id = str(event.environment_id)
    filled = {
        "environment_id": environment_id,
        **{name: event.attributes[name] for name in _CARRIED if name in event.attributes},
        **({"integrated_account_id": payload["id"]} if "id" in payload else {}),
    }
    return {
        **filled,
        **payload,
        "event": {
            "id": event.id,
            "event": event.type,
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "created_at": _iso(event.time or event.received_at),
            "environment_id": environment_id,
            "payload": event.payload,
        },
    }


_CARRIED = ("tenant_id", "context")


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
