"""An execution as JSON: in short, and what is told beside that of a single one."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import orjson

from services.api.http.payloads import Payload, error_shown
from shared.db.history import Execution
from shared.domain.asked import Asked
from shared.domain.executions import Status
from shared.domain.ids import split_key
from shared.domain.workflows import TriggerKind
from shared.wire.documents.executions import (
    CommonFields,
    EarlierDocument,
    ExecutionDocument,
    Kinship,
    LargeAskedFields,
    LineageDocument,
    Progress,
    StepPlace,
    TriggerDocument,
)
from shared.wire.envelope import stamp, stamped
from shared.wire.lineage import read_asked, read_lineage, read_repeat

KINDS: Final[Mapping[str, TriggerKind]] = MappingProxyType(
    {
        "workflow:started": TriggerKind.MANUAL,
        "workflow:called": TriggerKind.WORKFLOW,
        "schedule:due": TriggerKind.SCHEDULE,
        "webhook:received": TriggerKind.WEBHOOK,
    }
)
"""By the type of the event that Turnout itself starts an execution with; any other is an event."""


def render_execution(execution: Execution) -> ExecutionDocument:
    """An execution in short: without what may be large in it."""
    return {**common_fields(execution), "progress": progress_of(execution)}


def common_fields(execution: Execution) -> CommonFields:
    """What every document of an execution tells."""
    asked = read_asked(execution.lineage or {}) or Asked()
    return {
        "id": str(execution.id),
        "environment_id": str(execution.environment_id),
        "workflow_id": str(execution.workflow_id),
        "workflow_version": execution.workflow_version,
        "workflow_name": execution.workflow_name,
        "revision": execution.revision,
        "event_key": str(execution.event_key),
        "status": execution.status,
        "error": error_shown(execution.error),
        "created_at": stamp(execution.created_at),
        "updated_at": stamp(execution.updated_at),
        "finished_at": stamped(execution.finished_at),
        "duration_ms": _duration_ms(execution),
        "expires_at": stamped(execution.expires_at),
        "cancel_requested_at": stamped(execution.cancel_requested_at),
        "cancel_reason": execution.cancel_reason,
        "lineage": _lineage(execution),
        **_kinship(execution),
        "locale": asked.locale,
        "record_id": asked.record_id,
        "execution_type": asked.execution_type,
        "origin": asked.origin,
        "idempotency_key": asked.idempotency_key,
        "force": asked.force,
    }


def large_asked_fields(execution: Execution) -> LargeAskedFields:
    """What may be large of what was asked of it."""
    asked = read_asked(execution.lineage or {}) or Asked()
    return {
        "parameters": Payload(asked.parameters),
        "overrides": Payload(asked.overrides),
        "ui_options": Payload(asked.ui_options),
        "metadata": Payload(asked.metadata),
    }


def progress_of(execution: Execution) -> Progress:
    """How far it has come."""
    done, total = execution.steps_settled, execution.steps_total
    is_done = execution.status is Status.COMPLETED or total == 0
    percent = 100 if is_done else 100 * done // total
    return {"percent": percent, "completed": done, "total": total}


def step_place(key: str) -> StepPlace:
    """The step of a StepId."""
    step_id, item, compensates = split_key(key)
    return {"step_id": step_id, "item": item, "compensates": compensates}


def trigger_of(execution: Execution, event: bytes | None) -> TriggerDocument | None:
    """What started it, as far as its event is kept and can be read.

    For one that a step's schedule started that is the schedule; the event is that of the first.
    """
    told = None if event is None else orjson.loads(event)
    if not isinstance(told, dict) or not {"type", "id"} <= told.keys():
        return None
    repeats = read_repeat(execution.lineage or {})
    kind, at = KINDS.get(told["type"], TriggerKind.EVENT), _scheduled_at(told.get("data"))
    if repeats is not None and repeats.due_at is not None:
        kind, at = TriggerKind.SCHEDULE, stamp(repeats.due_at)
    return {
        "kind": kind,
        "event_id": told["id"],
        "event_type": told["type"],
        "schedule_at": at if kind is TriggerKind.SCHEDULE else None,
    }


def _scheduled_at(data: Any) -> str | None:
    """A time or nothing: whoever publishes such an event could write there what he likes."""
    try:
        at = datetime.fromisoformat(data["scheduled_at"])
        return None if at.tzinfo is None else stamp(at)
    except (KeyError, TypeError, ValueError):
        return None


def _kinship(execution: Execution) -> Kinship:
    lineage = read_lineage(execution.lineage or {})
    parent, repeats = lineage.parent, lineage.repeats
    resumed: EarlierDocument | None = None
    if repeats is not None and repeats.inherits:
        resumed = {"execution_id": str(repeats.execution_id), "step_id": repeats.step_id}
    return {
        "parent_id": None if parent is None else str(parent.execution_id),
        "rerun_of": None if repeats is None else str(repeats.execution_id),
        "resumed_from": resumed,
    }


def _lineage(execution: Execution) -> LineageDocument:
    told: Mapping[str, Any] = execution.lineage or {}
    cause = told.get("cause") or {}
    return {
        "root_event_key": cause.get("root", str(execution.event_key)),
        "depth": cause.get("depth", 0),
        "path": cause.get("path", [str(execution.workflow_id)]),
        "parent": told.get("parent"),
        "repeats": told.get("repeats"),
        "replay": told.get("replay"),
    }


def _duration_ms(execution: Execution) -> int | None:
    if execution.finished_at is None:
        return None
    return round((execution.finished_at - execution.created_at).total_seconds() * 1_000)
