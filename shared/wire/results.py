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
    known_text,
    known_uuid,
    split_key,
    text_of,
)
from shared.wire.envelope import dumps, stamp
from shared.wire.errors import error_data
from shared.wire.lineage import NO_LINEAGE, Lineage
from shared.wire.messages import AttemptData, ExecutionRef, PhaseData

_FAILED = Phase.FAILED


@frozen
class Origin:
    """What each result says of its execution.

    ``subject``, ``event``, ``workflow`` and ``environment`` are names in records, ``frame`` is all
    that its many records share.
    """

    execution_id: ExecutionId
    workflow_id: WorkflowId
    workflow_version: int
    environment_id: EnvironmentId
    event_key: EventKey
    cause: Cause
    lineage: Lineage = NO_LINEAGE
    subject: str = field(init=False, repr=False, compare=False)
    event: str = field(init=False, repr=False, compare=False)
    workflow: str = field(init=False, repr=False, compare=False)
    environment: str = field(init=False, repr=False, compare=False)
    frame: "_Frame" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", text_of(self.execution_id))
        object.__setattr__(self, "event", text_of(self.event_key))
        object.__setattr__(self, "workflow", known_text(self.workflow_id))
        object.__setattr__(self, "environment", known_text(self.environment_id))
        object.__setattr__(self, "frame", _Frame(self))

    @property
    def source(self) -> str:
        """Where its records come from."""
        return f"/turnout/workflows/{self.workflow}"

    @property
    def chain(self) -> Mapping[str, Any]:
        """The attributes that tell what caused it."""
        return {"environmentid": self.environment, **self.cause.attributes()}


class _Frame:
    """The envelope of an execution's records, written once: one by one it is half of their price.

    What goes into it are ids and times of ours, which JSON writes as they are.
    """

    __slots__ = ("_data", "_id", "_subject", "_type")

    def __init__(self, origin: Origin) -> None:
        subject = origin.subject
        ref: ExecutionRef = {
            "execution_id": subject,
            "workflow_id": origin.workflow,
            "workflow_version": origin.workflow_version,
            "environment_id": origin.environment,
            "event_key": origin.event,
        }
        more = dumps({**origin.chain, "data": ref})[1:-2].decode()
        self._id = f'{{"specversion":"1.0","id":"{subject}:'
        self._type = f'","source":"{origin.source}","type":"'
        self._subject = f'","subject":"{subject}","time":"'
        self._data = f'","datacontenttype":"application/json",{more},"sequence":'

    def record(
        self, position: int, suffix: str, kind: str, time: str, data: AttemptData | PhaseData
    ) -> bytes:
        """The record of the log entry at ``position`` whose id ends with ``suffix``."""
        id_, type_, subject, ref = self._id, self._type, self._subject, self._data
        head = f"{id_}{position}{suffix}{type_}{kind}{subject}{time}{ref}{position},"
        return b"".join((head.encode(), dumps(data)[1:], b"}"))


def encode_result(origin: Origin, entry: Entry) -> bytes | None:
    """The step_results record of a log entry, or None when no attempt ended in it.

    The same entry always gives the same bytes.
    """
    attempt = entry.attempt
    if attempt is None:
        return None
    ended_at = stamp(attempt.ended_at)
    step_id, item, compensates = split_key(attempt.step_id)
    data: AttemptData = {
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
    kind = f"turnout.step.{attempt.status.lower()}"
    return origin.frame.record(entry.position, "", kind, ended_at, data)


def environment_in(record: bytes) -> EnvironmentId:
    """Whose a record is."""
    return EnvironmentId(known_uuid(orjson.loads(record)["environmentid"]))


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
    time, record = stamp(at), origin.frame.record
    return [
        record(
            entry.position,
            ":" + phase,  # an f-string asks it for its format, at three times the price
            "workflow_execution:" + phase,
            time,
            _phase_data(entry, phase, time),
        )
        for phase in entry.phases
    ]


def _phase_data(entry: Entry, phase: Phase, time: str) -> PhaseData:
    return {
        "phase": phase,
        "error": error_data(entry.failure) if phase is _FAILED else None,
        "at": time,
    }
