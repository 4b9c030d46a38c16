"""What executions are told, as records on ``commands``."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.domain.errors import Defect, Invalid
from shared.domain.frozen import frozen
from shared.domain.ids import ExecutionId, StepId, WorkflowId, known_uuid, read_uuid
from shared.domain.plans import TURN
from shared.domain.signals import Told, TurnCame
from shared.wire.envelope import envelope, stamp
from shared.wire.lineage import NO_LINEAGE, Lineage, lineage_data, read_lineage
from shared.wire.signals import read_signal, signal_data
from shared.wire.strict_json import check_writable

START = "turnout.command.start"
CANCEL = "turnout.command.cancel"
SIGNAL = "turnout.command.signal"
VERSION_MAX = 2**31 - 1


@frozen
class Start:
    """Start ``workflow_version`` of the workflow with ``event``, a TriggerEvent.

    It expires at ``expires_at``, or as the workflow's policy says. ``lineage``: what it belongs to.
    """

    execution_id: ExecutionId
    workflow_id: WorkflowId
    workflow_version: int
    event: Mapping[str, Any]
    expires_at: datetime | None = None
    lineage: Lineage = NO_LINEAGE


@frozen
class Tell:
    """A signal for the execution. ``tell_id`` is the record's id."""

    execution_id: ExecutionId
    signal: Told
    tell_id: str
    at: datetime


@frozen
class Cancel:
    """End the execution as soon as possible."""

    execution_id: ExecutionId
    reason: str | None
    requested_at: datetime


Command = Start | Cancel | Tell


def encode_start(
    execution: ExecutionId,
    workflow: WorkflowId,
    version: int,
    event_json: bytes,
    at: datetime,
    *,
    source: str = "/turnout/matcher",
    expires_at: datetime | None = None,
    lineage: Lineage | None = None,
) -> bytes:
    """``event_json`` is the record on ``triggers``, embedded as it is."""
    more = {} if lineage is None else lineage_data(lineage)
    if expires_at is not None:
        more["expires_at"] = stamp(expires_at)
    return envelope(
        record_id=str(execution),
        kind=START,
        source=source,
        subject=str(execution),
        time=stamp(at),
        data={
            "execution_id": str(execution),
            "workflow_id": str(workflow),
            "workflow_version": version,
            "event": orjson.Fragment(event_json),
            **more,
        },
    )


def encode_tell(command: Tell, source: str = "/turnout/api") -> bytes:
    """The record that carries a signal."""
    execution = str(command.execution_id)
    return envelope(
        record_id=command.tell_id,
        kind=SIGNAL,
        source=source,
        subject=execution,
        time=stamp(command.at),
        data={"execution_id": execution, "signal": signal_data(command.signal)},
    )


def encode_turn(execution: ExecutionId, at: datetime, source: str) -> bytes:
    """The record that tells an execution that its turn has come."""
    signal = TurnCame(step_id=StepId(TURN))
    tell = Tell(execution_id=execution, signal=signal, tell_id=f"{execution}:turn", at=at)
    return encode_tell(tell, source)


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
        check_writable(value or b"", record)
        data = record["data"]
        execution = ExecutionId(read_uuid(data["execution_id"]))
        if record["type"] == CANCEL:
            requested_at = datetime.fromisoformat(record["time"])
            return Cancel(
                execution_id=execution, reason=_reason(data), requested_at=_aware(requested_at)
            )
        if record["type"] == SIGNAL:
            at = _aware(datetime.fromisoformat(record["time"]))
            signal = read_signal(data["signal"])
            return Tell(execution_id=execution, signal=signal, tell_id=str(record["id"]), at=at)
        if record["type"] != START:
            raise Defect(f"There is no command '{record['type']}'.")
        return Start(
            execution_id=execution,
            workflow_id=WorkflowId(known_uuid(data["workflow_id"])),
            workflow_version=_version(data),
            event=data["event"],
            expires_at=_expiry(data.get("expires_at")),
            lineage=read_lineage(data),
        )
    except Invalid as error:
        raise Defect(f"Not a command: {error.message}") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Defect(f"Not a command: {error!r}") from error


def _reason(data: Mapping[str, Any]) -> str | None:
    reason = data["reason"]
    if reason is None or (isinstance(reason, str) and "\0" not in reason):
        return reason
    raise ValueError("the reason is no text")


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("the time has no zone")
    return at.astimezone(UTC)  # which those at the ends of time have not


def _expiry(text: str | None) -> datetime | None:
    return None if text is None else _aware(datetime.fromisoformat(text))


def _version(data: Mapping[str, Any]) -> int:
    version = int(data["workflow_version"])
    if not 1 <= version <= VERSION_MAX:
        raise ValueError("there can be no such version")
    return version
