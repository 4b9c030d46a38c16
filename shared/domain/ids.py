"""Identifiers, and how each is derived.

Derived ids are UUIDv5: the same input gives the same id in every process and at every delivery,
which is what makes repeats harmless.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, NewType
from uuid import UUID, uuid5

from pydantic import TypeAdapter, ValidationError

EnvironmentId = NewType("EnvironmentId", UUID)
EventKey = NewType("EventKey", UUID)
WorkflowId = NewType("WorkflowId", UUID)
ExecutionId = NewType("ExecutionId", UUID)
StepId = NewType("StepId", str)
ScheduleId = NewType("ScheduleId", UUID)

EVENT_NAMESPACE = UUID("6f6c2f1e-5f0b-5f5d-9a58-6d0c5a3f0c01")

_UUID_CHARS = 36
_UUID = TypeAdapter(UUID)
_READ, _WRITE = _UUID.validator.validate_python, _UUID.serializer.to_python
_MADE = 8

DEFAULT_ENVIRONMENT = EnvironmentId(UUID("00000000-0000-4000-8000-000000000001"))


def as_uuid(written: str) -> UUID | None:
    """A UUID in its usual form, in either case; None for anything else."""
    try:
        return UUID(written) if len(written) == _UUID_CHARS else None
    except ValueError:
        return None


def read_uuid(text: Any) -> UUID:
    """The UUID that a record names, at a fifth of ``UUID``'s price. Raises ValueError."""
    try:
        found: UUID = _READ(text)
    except ValidationError:
        raise ValueError("badly formed UUID") from None
    return found


def text_of(id_: UUID) -> str:
    """The text of an id that is new, at a third of ``str``'s price."""
    text: str = _WRITE(id_, mode="json")
    return text


@lru_cache(maxsize=1_024)
def known_uuid(text: str) -> UUID:
    """The UUID of ``text``, for what comes again and again: a workflow, an environment."""
    return UUID(text)


@lru_cache(maxsize=1_024)
def known_text(id_: UUID) -> str:
    """The text of what comes again and again, as ``known_uuid``."""
    return str(id_)


def made_id(chance: UUID) -> UUID:
    """The id of a workflow that nobody has chosen, a UUIDv8: only Turnout makes such ids."""
    return UUID(int=chance.int & ~(0xF << 76) | _MADE << 76)


def is_made(id_: UUID) -> bool:
    """Whether it is of Turnout's making, here or in another environment."""
    return id_.version == _MADE


def own_id(environment_id: EnvironmentId, given: WorkflowId) -> WorkflowId:
    """The id that a workflow gets in an environment that cannot give it the one it was given."""
    return WorkflowId(made_id(uuid5(environment_id, f"workflow:{given}")))


def event_key(environment_id: EnvironmentId, source: str, event_id: str) -> EventKey:
    """The identity of an event: the same id from another source is another event.

    The lengths keep ("a", "b:c") and ("a:b", "c") apart.
    """
    return EventKey(uuid5(EVENT_NAMESPACE, f"{environment_id}:{len(source)}:{source}:{event_id}"))


_TRIGGERS = re.compile(r"/turnout/workflows/[^/]*/triggers/.*", re.DOTALL)


def trigger_source(workflow_id: WorkflowId, trigger_id: str) -> str:
    """The source of what a schedule, or a webhook of a workflow, starts it with."""
    return f"/turnout/workflows/{workflow_id}/triggers/{trigger_id}"


def is_of_trigger(source: str) -> bool:
    """Whether a source is one that only we use.

    The ids from there can be guessed: who published an event under one would start what a schedule
    is about to start, and that would be taken for its repetition.
    """
    return _TRIGGERS.fullmatch(source) is not None


def start_key(environment_id: EnvironmentId, name: str) -> EventKey:
    """The identity of what a start by hand hands over, by the caller's name for the start.

    It is that of no event, whatever source and id that has: there is no length in it.
    """
    return EventKey(uuid5(EVENT_NAMESPACE, f"{environment_id}:start:{name}"))


def execution_id(workflow_id: WorkflowId, key: EventKey) -> ExecutionId:
    """The one execution that an event can start of a workflow, in whichever version."""
    return ExecutionId(uuid5(workflow_id, str(key)))


def replayed_id(workflow_id: WorkflowId, key: EventKey, replay_id: UUID) -> ExecutionId:
    """The one execution more that a replay starts of a workflow with an event."""
    return ExecutionId(uuid5(workflow_id, f"{key}:{replay_id}"))


def call_key(execution: str, step: str) -> str:
    """The ``Idempotency-Key`` of a step's outbound call, the same for each of its attempts."""
    return f"{execution}:{step}"


def child_id(parent: ExecutionId, step: StepId, attempt: int) -> ExecutionId:
    """The execution that an attempt of a step starts of another workflow."""
    return ExecutionId(uuid5(parent, f"{step}:{attempt}"))


def schedule_id(execution: ExecutionId, step: str) -> ScheduleId:
    """The schedule that a step of an execution sets up, however often it is done."""
    return ScheduleId(uuid5(execution, f"{step}:schedule"))


def due_id(schedule: ScheduleId, due_at: datetime) -> ExecutionId:
    """The one execution that a step's schedule starts for a time, in UTC."""
    return ExecutionId(uuid5(schedule, due_at.isoformat()))


class StepKey(NamedTuple):
    """What a StepId stands for: a step, one item of an iterator, or a step's compensation."""

    step_id: str
    item: int | None = None
    compensates: bool = False


def item_key(step: str, index: int) -> StepId:
    """The id under which an iterator's item is logged: ``step[index]``."""
    return StepId(f"{step}[{index}]")


def compensation_key(step: str) -> StepId:
    """The id under which a step's compensation is logged: ``step!``."""
    return StepId(f"{step}!")


def names_step(key: str) -> bool:
    """Whether a StepId stands for a step itself, and not for an item or a compensation."""
    return key[-1] not in "]!"


_KEY = re.compile(r"(?P<step>[^\[!]+)(?:\[(?P<item>\d+)\]|(?P<mark>!))?")


@lru_cache(maxsize=4_096)
def split_key(key: str) -> StepKey:
    """The parts of a StepId; most keys come again and again."""
    if key[-1:] not in ("]", "!"):
        return StepKey(key)
    found = _KEY.fullmatch(key)
    if found is None:
        return StepKey(key)
    item = found["item"]
    return StepKey(found["step"], None if item is None else int(item), found["mark"] is not None)
