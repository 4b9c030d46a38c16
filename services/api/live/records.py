"""Records of the result topics, as events of a stream."""

from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson

from services.api.http.payloads import Payload, error_shown, written
from shared.domain.executions import AttemptStatus, Phase
from shared.wire.documents.live import (
    ExecutionChangeDocument,
    ExecutionRefDocument,
    StepChangeDocument,
)

_NO_RECORD: Final = (ValueError, TypeError, KeyError, AttributeError)


class Kind(StrEnum):
    """What there is to listen to; a word of the query string. Its events have the singular."""

    EXECUTIONS = "executions"
    STEPS = "steps"


class Change(NamedTuple):
    """What a record tells, ready to be sent to those who may see payloads, and to others."""

    kind: Kind
    environment_id: str
    workflow_id: str
    execution_id: str
    shown: bytes
    hidden: bytes


def event(name: str, document: Any, *, may_see: bool) -> bytes:
    """An event of a stream, without its id."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), written(document, may_see=may_see))


def read_change(kind: Kind, value: bytes | None) -> Change | None:
    """What a record tells; None for one that is not Turnout's own."""
    try:
        data = orjson.loads(value or b"")["data"]
        name = kind.removesuffix("s")
        document: Any = _step(data) if kind is Kind.STEPS else _execution(data)
        return Change(
            kind,
            *(data["environment_id"], data["workflow_id"], data["execution_id"]),
            shown=event(name, document, may_see=True),
            hidden=event(name, document, may_see=False),
        )
    except _NO_RECORD:
        return None


def _ref(data: Any) -> ExecutionRefDocument:
    return {
        "execution_id": data["execution_id"],
        "workflow_id": data["workflow_id"],
        "workflow_version": data["workflow_version"],
        "event_key": data["event_key"],
    }


def _execution(data: Any) -> ExecutionChangeDocument:
    return {
        **_ref(data),
        "position": data["sequence"],
        "phase": Phase(data["phase"]),
        "error": error_shown(data["error"]),
        "at": data["at"],
    }


def _step(data: Any) -> StepChangeDocument:
    return {
        **_ref(data),
        "position": data["sequence"],
        "step_id": data["step_id"],
        "item": data["item"],
        "compensates": data["compensates"],
        "attempt": data["attempt"],
        "status": AttemptStatus(data["status"]),
        "input": Payload(data["input"]),
        "output": Payload(data["output"]),
        "error": error_shown(data["error"]),
        "started_at": data["started_at"],
        "ended_at": data["ended_at"],
        "wake_at": data["wake_at"],
        "handle": data["handle"],
        "truncated": "truncated" in data,
    }
