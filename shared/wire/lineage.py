"""What an execution belongs to, and what was asked of it, as JSON: in start commands and rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.domain.asked import Asked
from shared.domain.frozen import frozen
from shared.domain.ids import ExecutionId, StepId


@frozen
class Parent:
    """The step that started an execution; it is told of the end if it waits for it."""

    execution_id: ExecutionId
    step_id: StepId
    attempt: int
    waits: bool


@frozen
class Repeat:
    """The execution that another one repeats.

    It takes over the outcomes before ``step_id``, or before what failed; without ``inherits``
    nothing. ``is_only``: it does ``step_id`` alone, as a schedule asks that the step of the other
    one has set up; ``due_at`` is then the time for which the schedule started it, if that did.
    """

    execution_id: ExecutionId
    inherits: bool = False
    step_id: StepId | None = None
    is_only: bool = False
    due_at: datetime | None = None


@frozen
class Replay:
    """The replay of archived events that started an execution.

    ``again``: as one more beside whatever its event had started; else as the one that its event
    would have started by itself.
    """

    replay_id: UUID
    again: bool = False


@frozen
class Lineage:
    """Each is rare."""

    parent: Parent | None = None
    repeats: Repeat | None = None
    asked: Asked | None = None
    replay: Replay | None = None


NO_LINEAGE = Lineage()

_NAMES = frozenset({"parent", "repeats", "asked", "replay"})


def lineage_data(lineage: Lineage) -> dict[str, Any]:
    """A lineage as JSON; what is absent is left out."""
    data: dict[str, Any] = {}
    if (parent := lineage.parent) is not None:
        data["parent"] = {
            "execution_id": str(parent.execution_id),
            "step_id": parent.step_id,
            "attempt": parent.attempt,
            "waits": parent.waits,
        }
    if (repeats := lineage.repeats) is not None:
        data["repeats"] = {
            "execution_id": str(repeats.execution_id),
            "inherits": repeats.inherits,
            "step_id": repeats.step_id,
        }
        if repeats.is_only:
            data["repeats"]["is_only"] = True
        if repeats.due_at is not None:
            data["repeats"]["due_at"] = repeats.due_at.isoformat()
    if lineage.asked is not None:
        data["asked"] = lineage.asked.model_dump(mode="json", exclude_defaults=True)
    if (replay := lineage.replay) is not None:
        data["replay"] = {"replay_id": str(replay.replay_id), "again": replay.again}
    return data


def read_asked(data: Mapping[str, Any]) -> Asked | None:
    """What was asked, as far as we know its words. Raises ValueError."""
    asked = data.get("asked")
    if asked is None:
        return None
    return Asked.model_validate({k: v for k, v in asked.items() if k in Asked.model_fields})


def read_lineage(data: Mapping[str, Any]) -> Lineage:
    """The lineage in ``data``. Raises KeyError, TypeError, ValueError."""
    if not _NAMES & data.keys():
        return NO_LINEAGE
    parent = data.get("parent")
    return Lineage(
        parent=None
        if parent is None
        else Parent(
            execution_id=ExecutionId(UUID(parent["execution_id"])),
            step_id=StepId(str(parent["step_id"])),
            attempt=int(parent["attempt"]),
            waits=bool(parent["waits"]),
        ),
        repeats=read_repeat(data),
        asked=read_asked(data),
        replay=_read_replay(data.get("replay")),
    )


def read_repeat(data: Mapping[str, Any]) -> Repeat | None:
    """What it repeats. Raises KeyError, TypeError, ValueError."""
    repeats = data.get("repeats")
    if repeats is None:
        return None
    due_at = repeats.get("due_at")
    return Repeat(
        execution_id=ExecutionId(UUID(repeats["execution_id"])),
        inherits=bool(repeats["inherits"]),
        step_id=None if repeats["step_id"] is None else StepId(str(repeats["step_id"])),
        is_only=bool(repeats.get("is_only")),
        due_at=None if due_at is None else datetime.fromisoformat(due_at),
    )


def _read_replay(replay: Mapping[str, Any] | None) -> Replay | None:
    if replay is None:
        return None
    return Replay(replay_id=UUID(replay["replay_id"]), again=bool(replay["again"]))
