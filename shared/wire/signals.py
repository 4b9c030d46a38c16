"""Signals to executions as JSON: ``{"kind": …}`` and the fields of the signal."""

from collections.abc import Callable, Mapping
from typing import Any, assert_never

from shared.domain.executions import Status
from shared.domain.ids import StepId
from shared.domain.signals import (
    Arrived,
    ChildEnded,
    Decided,
    Resume,
    Submitted,
    Suspend,
    TaskEnded,
    Told,
    TurnCame,
)
from shared.wire.errors import error_data, step_error


def signal_data(signal: Told) -> dict[str, Any]:
    """A signal as JSON."""
    match signal:
        case Suspend() | Resume():
            return {"kind": "suspend" if isinstance(signal, Suspend) else "resume"}
        case Decided():
            given = _fields(signal, "decision", "decision_id", "by", "comment")
        case Submitted():
            given = _fields(signal, "data", "decision_id", "button", "by")
        case Arrived():
            given = _fields(signal, "event")
        case TaskEnded():
            given = {**_fields(signal, "attempt", "output"), "error": error_data(signal.error)}
        case ChildEnded():
            fields = _fields(signal, "attempt", "execution_id", "status", "output")
            given = {**fields, "error": error_data(signal.error)}
        case TurnCame():
            given = {}
        case _:
            assert_never(signal)
    return {"kind": _KINDS[type(signal)], "step_id": signal.step_id, **given}


def read_signal(data: Mapping[str, Any]) -> Told:
    """The signal that ``signal_data`` wrote. Raises KeyError, TypeError, ValueError."""
    return _READERS[data["kind"]](data)


def _fields(signal: Told, *names: str) -> dict[str, Any]:
    return {name: getattr(signal, name) for name in names}


def _decided(data: Mapping[str, Any]) -> Told:
    decision = data["decision"]
    if decision not in ("approve", "reject"):
        raise ValueError("a decision is approve or reject")
    return Decided(
        step_id=StepId(_text(data["step_id"])),
        decision=decision,
        decision_id=_text(data["decision_id"]),
        by=_text_or_none(data.get("by")),
        comment=_text_or_none(data.get("comment")),
    )


def _submitted(data: Mapping[str, Any]) -> Told:
    return Submitted(
        step_id=StepId(_text(data["step_id"])),
        data=data["data"],
        decision_id=_text(data["decision_id"]),
        button=_text_or_none(data.get("button")),
        by=_text_or_none(data.get("by")),
    )


def _arrived(data: Mapping[str, Any]) -> Told:
    return Arrived(step_id=StepId(_text(data["step_id"])), event=dict(data["event"]))


def _task_ended(data: Mapping[str, Any]) -> Told:
    return TaskEnded(
        step_id=StepId(_text(data["step_id"])),
        attempt=int(data["attempt"]),
        output=data.get("output"),
        error=step_error(data.get("error")),
    )


def _child_ended(data: Mapping[str, Any]) -> Told:
    return ChildEnded(
        step_id=StepId(_text(data["step_id"])),
        attempt=int(data["attempt"]),
        execution_id=_text(data["execution_id"]),
        status=Status(data["status"]),
        output=data.get("output"),
        error=step_error(data.get("error")),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(f"{value!r} is no text")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


_KINDS = {
    Decided: "decided",
    Submitted: "submitted",
    Arrived: "arrived",
    TaskEnded: "task_ended",
    ChildEnded: "child_ended",
    TurnCame: "turn_came",
}
_READERS: Mapping[str, Callable[[Mapping[str, Any]], Told]] = {
    "decided": _decided,
    "submitted": _submitted,
    "arrived": _arrived,
    "task_ended": _task_ended,
    "child_ended": _child_ended,
    "turn_came": lambda data: TurnCame(step_id=StepId(_text(data["step_id"]))),
    "suspend": lambda _: Suspend(),
    "resume": lambda _: Resume(),
}
