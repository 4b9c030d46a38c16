"""What happened in executions, as records on ``step_results`` and ``executions``."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

import orjson

from shared.domain.causes import Cause
from shared.domain.executions import Entry, Phase
from shared.domain.frozen import frozen
from shared.domain.ids import (
    EnvironmentId,
    EventKey,
    ExecutionId,
    WorkflowId,
    result_id,
    split_key,
)
from shared.wire.envelope import dumps, envelope, stamp
from shared.wire.errors import error_data
from shared.wire.lineage import NO_LINEAGE, Lineage
from shared.wire.messages import ExecutionData, ExecutionRef, StepResultData


@frozen
class Origin:
    """What each result says of its execution.

    ``subject`` and ``source`` name execution and workflow in records, ``ref`` holds the fields
    that every result starts with, ``chain`` the attributes that tell what caused it; they are made
    once for the many records of an execution.
    """

    execution_id: ExecutionId
    workflow_id: WorkflowId
    workflow_version: int
    environment_id: EnvironmentId
    event_key: EventKey
    cause: Cause
    lineage: Lineage = NO_LINEAGE
    subject: str = field(init=False, repr=False, compare=False)
    source: str = field(init=False, repr=False, compare=False)
    ref: ExecutionRef = field(init=False, repr=False, compare=False)
    chain: Mapping[str, Any] = field(init=False, repr=False, compare=False)

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
        chain = {"environmentid": ref["environment_id"], **self.cause.attributes()}
        object.__setattr__(self, "chain", chain)


def encode_result(origin: Origin, entry: Entry) -> bytes | None:
    """The step_results record of a log entry, or None when no attempt ended in it.

    The same entry always gives the same bytes.
    """
    attempt = entry.attempt
    if attempt is None:
        return None
    ended_at = stamp(attempt.ended_at)
    step_id, item, compensates = split_key(attempt.step_id)
    data: StepResultData = {
        **origin.ref,
        "sequence": entry.position,
        "step_id": step_id,
        "item": item,
        "compensates": compensates,
        "attempt": attempt.number,
        "status": attempt.status,
        "input": attempt.input,
        "output": attempt.output,
        "error": error_data(attempt.error),
        "started_at": stamp(attempt.started_at),
        "ended_at": ended_at,
        "wake_at": stamp(attempt.wake_at) if attempt.wake_at else None,
        "handle": attempt.handle,
    }
    return envelope(
        record_id=result_id(origin.subject, entry.position),
        kind=f"turnout.step.{attempt.status.lower()}",
        source=origin.source,
        subject=origin.subject,
        time=ended_at,
        data=data,
        attributes=origin.chain,
    )


def truncated(record: bytes) -> bytes:
    """A step_results record without its values, for a topic that does not take it whole.

    The same record always gives the same bytes.
    """
    told = orjson.loads(record)
    told["data"] |= {"input": None, "output": None, "truncated": True}
    return dumps(told)


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
            attributes=origin.chain,
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
