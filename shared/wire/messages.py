"""The schemas of our records. Additive only: readers ignore what they do not know.

They are TypedDicts: a record is built and read as plain JSON without a model in between, and
``pydantic.TypeAdapter`` turns the same types into JSON Schema and checks them in tests.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

# The standard library's cannot be read by pydantic before Python 3.12.
from typing_extensions import TypedDict

from shared.domain.executions import AttemptStatus, Phase
from shared.domain.outcomes import ErrorKind
from shared.wire.documents.parts import Id, Time

_Status = Annotated[str, Field(json_schema_extra={"enum": [*AttemptStatus]})]
_Phase = Annotated[str, Field(json_schema_extra={"enum": [*Phase]})]
_Kind = Annotated[str, Field(json_schema_extra={"examples": [*ErrorKind]})]
_TaskError = Annotated[
    dict[str, Any],
    Field(
        description="Why it failed; unless it says otherwise, another attempt may do better.",
        json_schema_extra={
            "properties": {
                "message": {"type": "string"},
                "retryable": {"type": "boolean", "default": True},
                "kind": {"type": "string", "default": ErrorKind.REMOTE},
                "retry_after_s": {"type": ["number", "null"], "minimum": 0},
            }
        },
    ),
]


class CloudEvent(TypedDict):
    """The envelope of every record: CloudEvents 1.0, JSON format."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: Time
    datacontenttype: Literal["application/json"]
    subject: NotRequired[str]
    data: Any


class CausedEvent(CloudEvent):
    """What an execution causes. ``turnoutroot`` is the key of the event that began it all.

    ``turnoutdepth`` executions have come of it so far, of the workflows in ``turnoutpath``, which
    commas part. An event that carries these three on is known to have been caused so.
    """

    environmentid: Id
    turnoutroot: Id
    turnoutdepth: int
    turnoutpath: str


class TriggerEvent(CloudEvent):
    """triggers: an accepted event. The last three are our extension attributes."""

    environmentid: Id
    turnoutkey: Id
    receivedat: Time


class StartData(TypedDict):
    """commands, ``turnout.command.start``: an event starts a workflow version."""

    execution_id: Id
    workflow_id: Id
    workflow_version: int
    event: TriggerEvent
    expires_at: NotRequired[Time]
    parent: NotRequired["ParentData"]
    repeats: NotRequired["RepeatData"]
    asked: NotRequired[dict[str, Any]]


class ParentData(TypedDict):
    """The step that started an execution."""

    execution_id: Id
    step_id: str
    attempt: int
    waits: bool


class RepeatData(TypedDict):
    """The execution that another one repeats, from a step on or from what failed."""

    execution_id: Id
    inherits: bool
    step_id: str | None


class SignalData(TypedDict):
    """commands, ``turnout.command.signal``: what reaches an execution from outside.

    ``signal`` is an object by its ``kind``: decided, submitted, arrived, task_ended, child_ended,
    turn_came, suspend, resume.
    """

    execution_id: Id
    signal: dict[str, Any]


class CancelData(TypedDict):
    """commands, ``turnout.command.cancel``."""

    execution_id: Id
    reason: str | None


class ErrorData(TypedDict):
    """Why an attempt failed."""

    kind: _Kind
    message: str
    retryable: bool
    status: int | None
    retry_after_s: float | None


class TaskData(TypedDict):
    """tasks.<action>, ``turnout.task``: work for a remote worker.

    To be answered on task_results, or over HTTP, before ``due_at``; with a ``heartbeat_s`` the
    worker shows signs of life at least that often.
    """

    task_id: str
    action: str
    execution_id: Id
    workflow_id: Id
    step_id: str
    attempt: int
    input: Any
    action_version: int | None
    due_at: Time
    heartbeat_s: float | None


class TaskResultData(TypedDict):
    """task_results, ``turnout.task-result``: a worker's answer, or a sign of life.

    ``status`` is completed, failed or heartbeat; ``progress`` is any object.
    """

    task_id: str
    status: Literal["completed", "failed", "heartbeat"]
    output: NotRequired[Any]
    error: NotRequired[_TaskError]
    progress: NotRequired[dict[str, Any]]


class ExecutionRef(TypedDict):
    """Which execution a result belongs to."""

    execution_id: Id
    workflow_id: Id
    workflow_version: int
    environment_id: Id
    event_key: Id


class ResultData(ExecutionRef):
    """What happened in it, and where in its order.

    ``sequence`` ascends from 1 in the execution without a gap; a step's result and the change of
    phase that it caused share one.
    """

    sequence: int


class AttemptData(TypedDict):
    """What a result says of an attempt."""

    step_id: str
    item: int | None
    compensates: bool
    attempt: int
    status: _Status
    input: Any
    output: Any
    error: ErrorData | None
    started_at: Time
    ended_at: Time
    wake_at: Time | None
    handle: str | None


class StepResultData(ResultData, AttemptData):
    """step_results, ``turnout.step.<status>``: one attempt that ended, or that waits.

    ``item`` is the place of an iterator's item; ``compensates``: it undoes the step; ``handle`` the
    way by which the step was left, or what kept a skipped one from running.
    """


class TruncatedResultData(StepResultData):
    """A result that the topic does not take whole.

    Its input and output are null here, and whole in the execution's log, under its ``sequence``.
    """

    truncated: Literal[True]


class PhaseData(TypedDict):
    """What a record says of a phase."""

    phase: _Phase
    error: ErrorData | None
    at: Time


class ExecutionData(ResultData, PhaseData):
    """executions, ``workflow_execution:<phase>``."""


class DeadLetterData(TypedDict):
    """dead_letters, ``turnout.dead-letter``: a record that could not be used, and why.

    ``value_base64`` is the record's value, cut after ``VALUE_BYTES_MAX`` of it.
    """

    reason: str
    detail: str
    pointer: str
    topic: str
    partition: int
    offset: int
    value_base64: str | None
    value_bytes: int
