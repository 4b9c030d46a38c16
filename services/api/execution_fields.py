"""What an execution's resource tells beside its state: its kin, its trigger, what was asked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson

from shared.db.history import Execution
from shared.domain.asked import Asked
from shared.domain.workflows import TriggerKind
from shared.wire.lineage import read_asked, read_lineage

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
    return asked.model_dump(mode="json", exclude=None if is_whole else set(_LARGE))


def trigger_fields(event: bytes | None) -> dict[str, Any] | None:
    """What started it, as far as its event is kept and can be read."""
    told = None if event is None else orjson.loads(event)
    if not isinstance(told, dict) or not {"type", "id"} <= told.keys():
        return None
    data = told.get("data")
    kind = KINDS.get(told["type"], TriggerKind.EVENT)
    at = data.get("scheduled_at") if isinstance(data, dict) else None
    return {
        "kind": kind,
        "event_id": told["id"],
        "event_type": told["type"],
        "schedule_at": at if kind is TriggerKind.SCHEDULE else None,
    }
