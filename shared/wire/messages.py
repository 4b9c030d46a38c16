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
    """step_results, ``turnout.step.<status>``: one ended attempt."""

    step_id: str
    attempt: int
    status: str
    input: Any
    output: Any
    error: ErrorData | None
    started_at: str
    ended_at: str
    retry_at: str | None


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
