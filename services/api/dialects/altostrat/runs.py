"""Executions in Altostrat's words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from services.api.dialects.altostrat.documents import AltostratLog, AltostratRun, RunStatus
from services.api.dialects.altostrat.ids import RUN, WORKFLOW, log_id, written
from services.api.http.payloads import Payload
from shared.db.history import Execution, LogEntry
from shared.domain.executions import AttemptStatus, Status
from shared.domain.ids import ExecutionId, WorkflowId, split_key
from shared.domain.workflows import Workflow
from shared.wire.envelope import stamp, stamped

_STATUSES: Final[Mapping[Status, RunStatus]] = MappingProxyType(
    {
        Status.COMPLETED: "completed",
        Status.FAILED: "failed",
        Status.CANCELLED: "failed",
        Status.EXPIRED: "failed",
    }
)
_LOGGED: Final[Mapping[AttemptStatus, Literal["success", "error", "skipped", "awaiting"]]] = (
    MappingProxyType(
        {
            AttemptStatus.COMPLETED: "success",
            AttemptStatus.FAILED: "error",
            AttemptStatus.RETRYING: "error",
            AttemptStatus.WAITING: "awaiting",
            AttemptStatus.APPROVED: "awaiting",
            AttemptStatus.SKIPPED: "skipped",
            AttemptStatus.CANCELLED: "skipped",
        }
    )
)
_ENDED_EARLY: Final[Mapping[Status, str]] = MappingProxyType(
    {Status.CANCELLED: "The run was cancelled.", Status.EXPIRED: "The run took too long."}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunParts:
    """What is told of a run beside its execution; ``asks``: it waits for a person."""

    payload: Any
    asks: bool


def status_of(status: Status, *, asks: bool) -> RunStatus:
    """What Altostrat calls it: whoever waits for a timer runs."""
    if asks and status is Status.WAITING:
        return "awaiting_ui_interaction"
    return _STATUSES.get(status, "running")


def render_run(execution: Execution, parts: RunParts) -> AltostratRun:
    """A run without its log."""
    ended = execution.finished_at
    return {
        "id": written(RUN, execution.id),
        "workflow_id": written(WORKFLOW, execution.workflow_id),
        "status": status_of(execution.status, asks=parts.asks),
        "trigger_payload": Payload(parts.payload),
        "error_message": _error_message(execution),
        "started_at": stamp(execution.created_at),
        "completed_at": stamped(ended),
        "duration_in_seconds": (
            None if ended is None else (ended - execution.created_at).total_seconds()
        ),
        "created_at": stamp(execution.created_at),
    }


def render_pending(
    execution_id: ExecutionId, workflow_id: WorkflowId, payload: Any, at: str
) -> AltostratRun:
    """A run that has been asked for, ``at`` a time, and has not begun."""
    return {
        "id": written(RUN, execution_id),
        "workflow_id": written(WORKFLOW, workflow_id),
        "status": "pending",
        "trigger_payload": Payload(payload),
        "error_message": None,
        "started_at": None,
        "completed_at": None,
        "duration_in_seconds": None,
        "created_at": at,
    }


def render_logs(
    execution_id: ExecutionId, workflow: Workflow, entries: Sequence[LogEntry]
) -> Iterator[AltostratLog]:
    """A line for each attempt of a node; ``workflow`` is the version that ran."""
    components = {node["id"]: _component(node) for node in workflow.source["nodes"]}
    for entry in entries:
        if entry.step_id is None or entry.status is None or entry.step_id.startswith("$"):
            continue
        node_id = split_key(entry.step_id).step_id
        yield {
            "id": log_id(execution_id, entry.position),
            "execution_id": written(RUN, execution_id),
            "node_id": node_id,
            "component_id": components.get(node_id),
            "status": _LOGGED[entry.status],
            "output": Payload(_output(entry)),
            "created_at": stamp(entry.ended_at),
        }


def _component(node: Mapping[str, Any]) -> str:
    said: str = (node.get("data") or {}).get("componentId") or node["type"]
    return said


def _output(entry: LogEntry) -> Any:
    return entry.output if entry.error is None else {"error": entry.error["message"]}


def _error_message(execution: Execution) -> Any:
    if execution.error is not None:
        return Payload(execution.error["message"])
    return execution.cancel_reason or _ENDED_EARLY.get(execution.status)
