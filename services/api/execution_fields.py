"""What an execution's resource tells beside its state: its kin, its trigger, what was asked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson

from services.api.payloads import Payload
from shared.db.history import Execution
from shared.domain.asked import Asked
from shared.domain.workflows import TriggerKind
from shared.wire.envelope import stamp
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

_LARGE: Final = frozenset({"parameters", "overrides", "ui_options", "metadata"})


def kinship_fields(execution: Execution) -> dict[str, Any]:
    """The executions that it belongs to."""
    lineage = read_lineage(execution.lineage or {})
    parent, repeats = lineage.parent, lineage.repeats
    resumed = None
    if repeats is not None and repeats.inherits:
        resumed = {"execution_id": str(repeats.execution_id), "step_id": repeats.step_id}
    return {
        "parent_id": parent and str(parent.execution_id),
        "rerun_of": repeats and str(repeats.execution_id),
        "resumed_from": resumed,
    }


def asked_fields(execution: Execution, *, is_whole: bool) -> dict[str, Any]:
    """What was asked of it; the large fields only where it is shown whole."""
    asked = read_asked(execution.lineage or {}) or Asked()
    shown = asked.model_dump(mode="json", exclude=None if is_whole else set(_LARGE))
    return {k: Payload(v) if k in _LARGE else v for k, v in shown.items()}


def trigger_fields(execution: Execution, event: bytes | None) -> dict[str, Any] | None:
    """What started it, as far as its event is kept and can be read.

    For one that a step's schedule started that is the schedule; the event is that of the first.
    """
    told = None if event is None else orjson.loads(event)
    if not isinstance(told, dict) or not {"type", "id"} <= told.keys():
        return None
    repeats = read_repeat(execution.lineage or {})
    if repeats is not None and repeats.due_at is not None:
        kind, at = TriggerKind.SCHEDULE, stamp(repeats.due_at)
    else:
        kind, at = KINDS.get(told["type"], TriggerKind.EVENT), _scheduled_at(told.get("data"))
    return {
        "kind": kind,
        "event_id": told["id"],
        "event_type": told["type"],
        "schedule_at": at if kind is TriggerKind.SCHEDULE else None,
    }


def _scheduled_at(data: Any) -> Any:
    return data.get("scheduled_at") if isinstance(data, dict) else None
