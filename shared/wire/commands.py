"""What executions are told, as records on ``commands``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.domain.errors import Defect
from shared.domain.ids import ExecutionId, WorkflowId
from shared.wire.envelope import envelope, stamp

START = "turnout.command.start"
CANCEL = "turnout.command.cancel"
VERSION_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start ``workflow_version`` of the workflow with ``event``, a TriggerEvent."""

    execution_id: ExecutionId
    workflow_id: WorkflowId
    workflow_version: int
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """End the execution as soon as possible."""

    execution_id: ExecutionId
    reason: str | None
    requested_at: datetime


Command = Start | Cancel


def encode_start(
    execution: ExecutionId, workflow: WorkflowId, version: int, event_json: bytes, at: datetime
) -> bytes:
    """``event_json`` is the record on ``triggers``, embedded as it is."""
    return envelope(
        record_id=str(execution),
        kind=START,
        source="/turnout/matcher",
        subject=str(execution),
        time=stamp(at),
        data={
            "execution_id": str(execution),
            "workflow_id": str(workflow),
            "workflow_version": version,
            "event": orjson.Fragment(event_json),
        },
    )


def encode_cancel(command: Cancel) -> bytes:
    """The record that asks for a cancellation."""
    execution = str(command.execution_id)
    return envelope(
        record_id=f"{execution}:cancel",
        kind=CANCEL,
        source="/turnout/api",
        subject=execution,
        time=stamp(command.requested_at),
        data={"execution_id": execution, "reason": command.reason},
    )


def decode_command(value: bytes | None) -> Command:
    """A command. Raises Defect on anything else."""
    try:
        record = orjson.loads(value or b"")
        data = record["data"]
        execution = ExecutionId(UUID(data["execution_id"]))
        if record["type"] == CANCEL:
            requested_at = datetime.fromisoformat(record["time"])
            return Cancel(
                execution_id=execution, reason=_reason(data), requested_at=_aware(requested_at)
            )
        if record["type"] != START:
            raise Defect(f"There is no command '{record['type']}'.")
        return Start(
            execution_id=execution,
            workflow_id=WorkflowId(UUID(data["workflow_id"])),
            workflow_version=_version(data),
            event=data["event"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Defect(f"Not a command: {error!r}") from error


def _reason(data: Mapping[str, Any]) -> str | None:
    reason = data["reason"]
    if reason is None or (isinstance(reason, str) and "\0" not in reason):
        return reason
    raise ValueError("the reason is no text")


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("the time has no zone")
    return at


def _version(data: Mapping[str, Any]) -> int:
    version = int(data["workflow_version"])
    if not 1 <= version <= VERSION_MAX:
        raise ValueError("there can be no such version")
    return version
