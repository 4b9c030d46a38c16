"""The schemas of our records. Additive only: readers ignore what they do not know.

They are TypedDicts: a record is built and read as plain JSON without a model in between, and
``pydantic.TypeAdapter`` turns the same types into JSON Schema and checks them in tests.
"""

from typing import Any, Literal, NotRequired

# The standard library's cannot be read by pydantic before Python 3.12.
from typing_extensions import TypedDict


class CloudEvent(TypedDict):
    """The envelope of every record: CloudEvents 1.0, JSON format."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    datacontenttype: Literal["application/json"]
    subject: NotRequired[str]
    data: Any


class TriggerEvent(CloudEvent):
    """triggers: an accepted event. The last three are our extension attributes."""

    environmentid: str
    turnoutkey: str
    receivedat: str


class StartData(TypedDict):
    """commands, ``turnout.command.start``: an event starts a workflow version."""

    execution_id: str
    workflow_id: str
    workflow_version: int
    event: TriggerEvent
    expires_at: NotRequired[str]
    parent: NotRequired["ParentData"]
    repeats: NotRequired["RepeatData"]
    asked: NotRequired[dict[str, Any]]


class ParentData(TypedDict):
    """The step that started an execution."""

    execution_id: str
    step_id: str
    attempt: int
    waits: bool


class RepeatData(TypedDict):
    """The execution that another one repeats, from a step on or from what failed."""

    execution_id: str
    inherits: bool
    step_id: str | None


class SignalData(TypedDict):
    """commands, ``turnout.command.signal``: what reaches an execution from outside.

    ``signal`` is an object by its ``kind``: decided, submitted, arrived, task_ended, child_ended,
    turn_came, suspend, resume.
    """

    execution_id: str
    signal: dict[str, Any]


class CancelData(TypedDict):
    """commands, ``turnout.command.cancel``."""

    execution_id: str
    reason: str | None


class ErrorData(TypedDict):
    """Why an attempt failed."""

    kind: str
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
    execution_id: str
    workflow_id: str
    step_id: str
    attempt: int
    input: Any
    action_version: int | None
    due_at: str
    heartbeat_s: float | None


class TaskResultData(TypedDict):
    """task_results, ``turnout.task-result``: a worker's answer, or a sign of life.

    ``status`` is completed, failed or heartbeat; ``progress`` is any object.
    """

    task_id: str
    status: Literal["completed", "failed", "heartbeat"]
    output: NotRequired[Any]
    error: NotRequired[dict[str, Any]]
    progress: NotRequired[dict[str, Any]]


class ExecutionRef(TypedDict):
    """Which execution a result belongs to."""

    execution_id: str
    workflow_id: str
    workflow_version: int
    environment_id: str
    event_key: str


class ResultData(ExecutionRef):
    """What happened in it, and where in its order.

    ``sequence`` ascends from 1 in the execution without a gap; a step's result and the change of
    phase that it caused share one.
    """

    sequence: int


class StepResultData(ResultData):
    """step_results, ``turnout.step.<status>``: one attempt that ended, or that waits.

    ``item`` is the place of an iterator's item; ``compensates``: it undoes the step; ``handle`` the
    way by which the step was left, or what kept a skipped one from running.
    """

    step_id: str
    item: int | None
    compensates: bool
    attempt: int
    status: str
    input: Any
    output: Any
    error: ErrorData | None
    started_at: str
    ended_at: str
    wake_at: str | None
    handle: str | None


class TruncatedResultData(StepResultData):
    """A result that the topic does not take whole.

    Its input and output are null here, and whole in the execution's log, under its ``sequence``.
    """

    truncated: Literal[True]


class ExecutionData(ResultData):
    """executions, ``workflow_execution:<phase>``."""

    phase: str
    error: ErrorData | None
    at: str


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
