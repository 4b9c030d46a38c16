"""What happened in executions, as records on ``step_results`` and ``executions``."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.executions import Entry, Phase
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, WorkflowId, result_id
from shared.domain.outcomes import ErrorKind, StepError
from shared.wire.envelope import envelope, stamp
from shared.wire.messages import ErrorData, ExecutionData, ExecutionRef, StepResultData


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What each result says of its execution.

    ``subject`` and ``source`` name execution and workflow in records, ``ref`` holds the fields
    that every result starts with; they are made once for the many records of an execution.
    """

    execution_id: ExecutionId
    workflow_id: WorkflowId
    workflow_version: int
    environment_id: EnvironmentId
    event_key: EventKey
    subject: str = field(init=False, repr=False, compare=False)
    source: str = field(init=False, repr=False, compare=False)
    ref: ExecutionRef = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        subject, workflow = str(self.execution_id), str(self.workflow_id)
        ref: ExecutionRef = {
            "execution_id": subject,
            "workflow_id": workflow,
            "workflow_version": self.workflow_version,
            "environment_id": str(self.environment_id),
            "event_key": str(self.event_key),
        }
        object.__setattr__(self, "subject", subject)
        object.__setattr__(self, "source", f"/turnout/workflows/{workflow}")
        object.__setattr__(self, "ref", ref)


def encode_result(origin: Origin, entry: Entry) -> bytes | None:
    """The step_results record of a log entry, or None when no attempt ended in it.

    The same entry always gives the same bytes.
    """
    attempt = entry.attempt
    if attempt is None:
        return None
    ended_at = stamp(attempt.ended_at)
    data: StepResultData = {
        **origin.ref,
        "sequence": entry.position,
        "step_id": attempt.step_id,
        "attempt": attempt.number,
        "status": attempt.status,
        "input": attempt.input,
        "output": attempt.output,
        "error": error_data(attempt.error),
        "started_at": stamp(attempt.started_at),
        "ended_at": ended_at,
        "retry_at": stamp(attempt.retry_at) if attempt.retry_at else None,
    }
    return envelope(
        record_id=result_id(origin.subject, entry.position),
        kind=f"turnout.step.{attempt.status.lower()}",
        source=origin.source,
        subject=origin.subject,
        time=ended_at,
        data=data,
    )


def encode_phases(origin: Origin, entry: Entry, at: datetime) -> list[bytes]:
    """The executions records of a log entry, one a phase; ``at`` is when it was written."""
    if not entry.phases:
        return []
    time, record_id = stamp(at), result_id(origin.subject, entry.position)
    return [
        envelope(
            record_id=f"{record_id}:{phase}",
            kind=f"workflow_execution:{phase}",
            source=origin.source,
            subject=origin.subject,
            time=time,
            data=_phase_data(origin, entry, phase, time),
        )
        for phase in entry.phases
    ]


def _phase_data(origin: Origin, entry: Entry, phase: Phase, time: str) -> ExecutionData:
    return {
        **origin.ref,
        "sequence": entry.position,
        "phase": phase,
        "error": error_data(entry.failure) if phase is Phase.FAILED else None,
        "at": time,
    }


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
