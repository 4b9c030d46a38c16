"""What an expression sees: its root object, by the dialect of its workflow.

===============  =================================================================================
native           ``event`` {key id type source subject time attributes data}, ``payload``
                 (= event.data), ``trigger`` {kind event_name}, ``parameters``
truto            the payload's own fields, and beside them ``event`` {id event type source subject
                 created_at environment_id payload}, ``environment_id``, ``tenant_id``,
                 ``context``, ``integrated_account_id``
altostrat        ``trigger`` (the payload's fields, with ``event_name``, ``trigger_type`` and in a
                 step ``run_id`` filled in), ``payload``, ``webhook_payload`` (what was sent to a
                 webhook, else the payload), ``context`` (the payload's, or the payload), and in a
                 step the output of each ended step under the step's own id; of one that failed
                 {error}, why
sixtyfour        ``rows`` (the trigger's, in a step the last rows that a step put out, in the
                 condition of an edge those of its source), ``trigger`` {kind event_name
                 webhook_payload}
thena            ``context`` {event {uid eventName source message {eventId eventType timestamp
                 orgId actor payload metadata} messageAttributes}, name}, and the same fields
                 beside it, for a path written without ``context.``
transactionlink  ``parameters``, ``locale``, ``recordId``, as asked for or else as in the payload
===============  =================================================================================

In a step every dialect also sees ``steps``, ``workflow``, ``execution`` and ``secrets``, the body
of an iterator ``item`` and ``index``, a compensation ``error``: in thena's words below ``context``.
``steps`` is {id: {status output input error}}; in truto's words the list [{id status output …}] in
the order in which they ended, in thena's {id: {status input result error}}.

These words hide a payload's fields of the same name, as truto's ``event`` does (``event.payload``
still has them), and steps called like them. Every other field of a truto payload comes first, and
ours fill what it lacks: ``environment_id`` from the event, ``integrated_account_id`` from
``payload.id``, ``tenant_id`` and ``context`` from the event's attributes ``tenantid`` and
``context``.

``parameters`` are the payload's own ``parameters``, if it has such an object, else the payload: a
manual run may give them either way. Rows are looked for in the payload itself, its
``webhook_payload`` and its ``rows``; an object is one row. A payload in the shape of a thena
record, with a ``message``, is that record. A payload that is no object has no fields.

Annotated entities stand at their target paths, in thena's words below ``context``; what they hide
is copied along the path, never changed. Scopes share the event's values and are not to be changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC
from types import MappingProxyType
from typing import Any

import orjson

from shared.domain.events import Event
from shared.domain.frozen import frozen
from shared.domain.ids import as_uuid, text_of
from shared.domain.short_ids import short_id
from shared.domain.workflows import Dialect
from shared.expr.step_outcomes import altostrat_output, rows_in, thena_outcome


@frozen
class Item:
    """Where an iterator is: its item, and the item's number from 0."""

    value: Any
    index: int


@frozen
class Seen:
    """What a step of an execution may see.

    ``start`` is what its steps all see (``start_scope``). ``steps`` holds ``status``, ``output``,
    ``input`` and ``error`` of each step that has ended, by id, in the order in which they ended.
    ``annotations`` are entities by their dotted paths, ``secrets`` are markers by name
    (``SecretMarks.scope``), ``error`` is what ended the run.
    """

    start: Mapping[str, Any]
    steps: dict[str, dict[str, Any]]
    annotations: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    item: Item | None = None
    error: Mapping[str, Any] | None = None


def told_of(event: Event, dialect: Dialect) -> dict[str, Any]:
    """What every scope of an execution says of its event."""
    return _EVENT_SCOPES[dialect](event)


def event_scope(event: Event, dialect: Dialect) -> dict[str, Any]:
    """The scope of a filter and of a workflow's ``run_if``."""
    scope = told_of(event, dialect)
    return {**scope, "context": scope} if dialect is Dialect.THENA else scope


def event_fields(event: Event) -> dict[str, Any]:
    """The native scope of an event but for ``event``, which is dear to make and rarely read."""
    trigger = {"kind": "event", "event_name": event.type}
    return {"payload": event.payload, "trigger": trigger, "parameters": _parameters(event)}


def start_scope(
    event: Event, workflow: dict[str, Any], execution: dict[str, Any], dialect: Dialect
) -> dict[str, Any]:
    """What every scope of an execution says of its event, its workflow and itself."""
    scope = {**told_of(event, dialect), "workflow": workflow, "execution": execution}
    asked = _ASKED.items() if dialect is Dialect.TRANSACTIONLINK else ()
    return scope | {name: execution[key] for name, key in asked if key in execution}


def step_scope(seen: Seen, dialect: Dialect) -> dict[str, Any]:
    """The scope of whatever a step evaluates, and of a workflow's result."""
    scope = {**seen.start, "secrets": seen.secrets}
    if seen.item is not None:
        scope |= {"item": seen.item.value, "index": seen.item.index}
    if seen.error is not None:
        scope["error"] = dict(seen.error)
    scope = _with_steps(scope, seen.steps, dialect)
    root = "context." if dialect is Dialect.THENA else ""
    for path, entity in seen.annotations.items():
        scope = _placed(scope, path.removeprefix(root).split("."), entity)
    return {**scope, "context": scope} if dialect is Dialect.THENA else scope


def _with_steps(
    scope: dict[str, Any], steps: dict[str, dict[str, Any]], dialect: Dialect
) -> dict[str, Any]:
    match dialect:
        case Dialect.NATIVE | Dialect.TRANSACTIONLINK:
            return {**scope, "steps": steps}
        case Dialect.TRUTO:
            return {**scope, "steps": [{"id": id_, **outcome} for id_, outcome in steps.items()]}
        case Dialect.ALTOSTRAT:
            outputs = {step_id: altostrat_output(outcome) for step_id, outcome in steps.items()}
            trigger = {**_run_id(scope["execution"]), **scope["trigger"]}
            return {**outputs, **scope, "trigger": trigger, "steps": steps}
        case Dialect.SIXTYFOUR:
            put_out = (rows_in(outcome.get("output")) for outcome in reversed(steps.values()))
            rows = next((rows for rows in put_out if rows is not None), scope["rows"])
            return {**scope, "rows": rows, "steps": steps}
        case _:  # thena
            told = {id_: thena_outcome(outcome) for id_, outcome in steps.items()}
            return {**scope, "steps": told, "name": scope["workflow"].get("name")}


def _native(event: Event) -> dict[str, Any]:
    return {
        "event": {
            "key": text_of(event.key),
            "id": event.id,
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "time": _time(event),
            "attributes": dict(event.attributes),
            "data": event.payload,
        },
        **event_fields(event),
    }


def _truto(event: Event) -> dict[str, Any]:
    payload, carried, environment_id = _fields(event), event.attributes, str(event.environment_id)
    filled = {
        "environment_id": environment_id,
        **{name: carried[key] for name, key in _CARRIED if key in carried},
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
            "created_at": _time(event),
            "environment_id": environment_id,
            "payload": event.payload,
        },
    }


def _altostrat(event: Event) -> dict[str, Any]:
    payload = _fields(event)
    context, trigger_type = payload.get("context"), _TRIGGER_TYPES.get(event.type, "event")
    sent = payload.get("body") if trigger_type == "webhook" else event.payload
    return {
        "trigger": {"trigger_type": trigger_type, "event_name": event.type, **payload},
        "payload": event.payload,
        "webhook_payload": sent,
        "context": context if isinstance(context, dict) else payload,
    }


def _run_id(execution: Mapping[str, Any]) -> dict[str, str]:
    id_ = as_uuid(execution["id"])
    return {} if id_ is None else {"run_id": f"fl_run_{short_id(id_).lower()}"}


def _sixtyfour(event: Event) -> dict[str, Any]:
    given = _fields(event).get("webhook_payload", event.payload)
    rows = rows_in(given)
    if rows is None:
        rows = [given] if isinstance(given, dict) else []
    trigger = {"kind": "event", "event_name": event.type, "webhook_payload": given}
    return {"rows": rows, "trigger": trigger}


def _thena(event: Event) -> dict[str, Any]:
    payload, carried = _fields(event), event.attributes
    actor, org_id = carried.get("actor"), carried.get("orgId", carried.get("orgid"))
    actor_fields = actor if isinstance(actor, dict) else {}
    message = payload.get("message")
    if built := not isinstance(message, dict):
        message = {
            "eventId": event.id,
            "eventType": event.type,
            "timestamp": _time(event),
            "orgId": org_id,
            "actor": actor,
            "payload": event.payload,
            "metadata": carried.get("metadata"),
        }
    attributes = {
        "event_name": event.type,
        "event_id": event.id,
        "event_timestamp": _time(event),
        "context_user_id": actor_fields.get("id"),
        "context_user_type": actor_fields.get("type"),
        "context_organization_id": org_id,
    }
    return {
        "event": {
            "uid": event.id,
            "eventName": event.type,
            "source": event.source,
            "message": message,
            "messageAttributes": attributes if built else payload.get("messageAttributes"),
        }
    }


def _transactionlink(event: Event) -> dict[str, Any]:
    payload = _fields(event)
    return {
        "parameters": _parameters(event),
        "locale": payload.get("locale"),
        "recordId": payload.get("recordId"),
    }


_EVENT_SCOPES: Mapping[Dialect, Callable[[Event], dict[str, Any]]] = MappingProxyType(
    {
        Dialect.NATIVE: _native,
        Dialect.TRUTO: _truto,
        Dialect.ALTOSTRAT: _altostrat,
        Dialect.SIXTYFOUR: _sixtyfour,
        Dialect.THENA: _thena,
        Dialect.TRANSACTIONLINK: _transactionlink,
    }
)
_CARRIED = (("tenant_id", "tenantid"), ("context", "context"))
"""By the names that attributes have, which know no punctuation (``shared/wire/intake.py``)."""
_ASKED: Mapping[str, str] = MappingProxyType({"locale": "locale", "recordId": "record_id"})
_TRIGGER_TYPES: Mapping[str, str] = MappingProxyType(
    {"workflow:started": "manual", "workflow:called": "workflow"}
    | {"schedule:due": "scheduled", "webhook:received": "webhook"}
)
"""What altostrat calls the events that Turnout itself starts executions with."""


def _fields(event: Event) -> dict[str, Any]:
    return event.payload if isinstance(event.payload, dict) else {}


def _parameters(event: Event) -> Any:
    own = _fields(event).get("parameters")
    return own if isinstance(own, dict) else event.payload


def _placed(node: Any, path: list[str], entity: Any) -> Any:
    """A copy of ``node`` with ``entity`` at ``path``; what is in the way is replaced."""
    if not path:
        return entity
    first, *rest = path
    if isinstance(node, list) and first.isdecimal() and int(first) < len(node):
        index = int(first)
        return [*node[:index], _placed(node[index], rest, entity), *node[index + 1 :]]
    known = node if isinstance(node, dict) else {}
    return {**known, first: _placed(known.get(first), rest, entity)}


def _time(event: Event) -> str:
    at = event.time or event.received_at
    text = orjson.dumps(at if at.tzinfo is UTC else at.astimezone(UTC))[1:24].decode()
    return f"{text}Z" if at.microsecond else f"{text[:19]}.000Z"
