"""What happened in executions, as records on ``step_results`` and ``executions``."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.domain.executions import Entry, Phase
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, WorkflowId, result_id
from shared.domain.outcomes import ErrorKind, StepError
from shared.wire.envelope import envelope, stamp
from shared.wire.messages import ErrorData, ExecutionData, StepResultData


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What each result says of its execution."""

    execution_id: ExecutionId
    workflow_id: WorkflowId
    workflow_version: int
    environment_id: EnvironmentId
    event_key: EventKey


def encode_result(origin: Origin, entry: Entry) -> bytes | None:
    """The step_results record of a log entry, or None when no attempt ended in it.

    The same entry always gives the same bytes.
    """
    attempt = entry.attempt
    if attempt is None:
        return None
    data: StepResultData = {
        "execution_id": str(origin.execution_id),
        "workflow_id": str(origin.workflow_id),
        "workflow_version": origin.workflow_version,
        "environment_id": str(origin.environment_id),
        "event_key": str(origin.event_key),
        "sequence": entry.position,
        "step_id": attempt.step_id,
        "attempt": attempt.number,
        "status": attempt.status.value,
        "input": attempt.input,
        "output": attempt.output,
        "error": error_data(attempt.error),
        "started_at": stamp(attempt.started_at),
        "ended_at": stamp(attempt.ended_at),
        "retry_at": stamp(attempt.retry_at) if attempt.retry_at else None,
    }
    return envelope(
        record_id=result_id(origin.execution_id, entry.position),
        kind=f"turnout.step.{attempt.status.value.lower()}",
        source=f"/turnout/workflows/{origin.workflow_id}",
        subject=str(origin.execution_id),
        at=attempt.ended_at,
        data=data,
    )


def encode_phases(origin: Origin, entry: Entry, at: datetime) -> Iterator[bytes]:
    """The executions records of a log entry, one a phase; ``at`` is when it was written."""
    for phase in entry.phases:
        error = entry.failure if phase is Phase.FAILED else None
        data: ExecutionData = {
            "execution_id": str(origin.execution_id),
            "workflow_id": str(origin.workflow_id),
            "workflow_version": origin.workflow_version,
            "environment_id": str(origin.environment_id),
            "event_key": str(origin.event_key),
            "sequence": entry.position,
            "phase": phase.value,
            "error": error_data(error),
            "at": stamp(at),
        }
        yield envelope(
            record_id=f"{result_id(origin.execution_id, entry.position)}:{phase.value}",
            kind=f"workflow_execution:{phase.value}",
            source=f"/turnout/workflows/{origin.workflow_id}",
            subject=str(origin.execution_id),
            at=at,
            data=data,
        )


def error_data(error: StepError | None) -> ErrorData | None:
    """A step's error as JSON."""
    if error is None:
        return None
    return {
        "kind": error.kind.value,
        "message": error.message,
        "retryable": error.retryable,
        "status": error.status,
        "retry_after_s": error.retry_after_s,
    }


def step_error(data: ErrorData | None) -> StepError | None:
    """The error that ``error_data`` wrote."""
    if data is None:
        return None
    return StepError(
        kind=ErrorKind(data["kind"]),
        message=data["message"],
        retryable=data["retryable"],
        status=data["status"],
        retry_after_s=data["retry_after_s"],
    )
