"""Executions, as they are shown."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.executions import AttemptStatus, Phase, Status
from shared.domain.outcomes import ErrorKind, WaitKind
from shared.domain.workflows import TriggerKind
from shared.wire.documents.parts import Data, Id, Time


class ErrorDocument(TypedDict):
    """What went wrong in a step, or what ended an execution."""

    kind: ErrorKind
    message: Annotated[Any, Field(description="A sentence; it may quote payloads, and is one.")]
    retryable: bool
    status: Annotated[int | None, Field(description="The HTTP status of who was called.")]
    retry_after_s: float | None


class ParentDocument(TypedDict):
    """The step that started an execution."""

    execution_id: Id
    step_id: str
    attempt: int
    waits: Annotated[bool, Field(description="Whether the step waits for the execution's end.")]


class RepeatsDocument(TypedDict):
    """The execution that another one repeats."""

    execution_id: Id
    inherits: Annotated[bool, Field(description="Whether it takes over what was done before.")]
    step_id: Annotated[str | None, Field(description="The step that it goes on from.")]
    is_only: NotRequired[Annotated[bool, Field(description="Whether it does that step alone.")]]
    due_at: NotRequired[Annotated[Time, Field(description="When its schedule was due.")]]


class ReplayDocument(TypedDict):
    """The replay of archived events that started an execution."""

    replay_id: Id
    again: Annotated[
        bool, Field(description="Whether as one more beside what its event had started.")
    ]


class LineageDocument(TypedDict):
    """Where an execution comes from."""

    root_event_key: Annotated[Id, Field(description="The event at the start of the chain.")]
    depth: Annotated[
        int, Field(description="How many executions stand between that event and this one.")
    ]
    path: Annotated[list[Id], Field(description="The workflows of the chain; the last is its own.")]
    parent: ParentDocument | None
    repeats: RepeatsDocument | None
    replay: ReplayDocument | None


class EarlierDocument(TypedDict):
    """An execution that is done again, and the step that this begins with."""

    execution_id: Id
    step_id: Annotated[str | None, Field(description="null: none was named.")]


class Kinship(TypedDict):
    """The executions that one belongs to."""

    parent_id: Id | None
    rerun_of: Id | None
    resumed_from: EarlierDocument | None


class LargeAskedFields(TypedDict):
    """What may be large of what was said of an execution."""

    parameters: Data
    overrides: Data
    ui_options: Data
    metadata: Data


class CommonFields(Kinship):
    """What every document of an execution tells."""

    id: Id
    environment_id: Id
    workflow_id: Id
    workflow_version: int
    workflow_name: str
    revision: Annotated[str, Field(description="Of the definition: the same content has the same.")]
    event_key: Annotated[Id, Field(description="The event that started it.")]
    status: Status
    error: Annotated[ErrorDocument | None, Field(description="What ended it.")]
    created_at: Time
    updated_at: Time
    finished_at: Time | None
    duration_ms: Annotated[int | None, Field(description="From its creation to its end.")]
    expires_at: Time | None
    cancel_requested_at: Time | None
    cancel_reason: str | None
    lineage: LineageDocument
    locale: str | None
    record_id: str | None
    execution_type: Literal["background", "interactive", "sync"]
    origin: str | None
    idempotency_key: str | None
    force: bool


class Progress(TypedDict):
    """How many of its steps have ended."""

    percent: int
    completed: int
    total: int


class ExecutionDocument(CommonFields):
    """An execution, in short."""

    progress: Progress


class StepPlace(TypedDict):
    """Which step; of one that is done for each item also which item, from 0."""

    step_id: str
    item: int | None
    compensates: Annotated[bool, Field(description="Whether it undoes what the step did.")]


class CurrentStepDocument(StepPlace):
    """A step that an execution is at."""

    attempt: int
    stands: Literal["running", "waiting", "retrying"]
    waits_for: WaitKind | None
    subject: Annotated[Any, Field(description="What the wait is found by; of a turn a payload.")]
    until: Annotated[Time | None, Field(description="When it ends, or is tried again.")]


class ProgressNow(Progress):
    """How many of its steps have ended, and what it is at."""

    current: Annotated[
        list[CurrentStepDocument] | None,
        Field(description="On the first page of a log and on the last; null on those between."),
    ]


class TriggerDocument(TypedDict):
    """What started an execution."""

    kind: TriggerKind
    event_id: str
    event_type: str
    schedule_at: Annotated[Time | None, Field(description="When its schedule was due.")]


class PhaseDocument(TypedDict):
    """A phase that an execution has come to."""

    position: Annotated[int, Field(description="Where in the log it stands.")]
    phase: Phase
    at: Time


class AttemptDocument(StepPlace):
    """An attempt of a step that has ended, or waits."""

    position: Annotated[int, Field(description="Where in the log it stands.")]
    attempt: int
    status: AttemptStatus
    input: Data
    output: Data
    error: ErrorDocument | None
    started_at: Time | None
    ended_at: Time
    wake_at: Annotated[Time | None, Field(description="When it goes on by itself.")]
    handle: Annotated[str | None, Field(description="The way it left by, where there are several.")]


class ExecutionDetail(CommonFields, LargeAskedFields):
    """An execution with all that is known of it, and a page of its log."""

    trigger: Annotated[
        TriggerDocument | None, Field(description="null: its event is no longer kept.")
    ]
    progress: ProgressNow
    phases: list[PhaseDocument]
    attempts: list[AttemptDocument]
    next_after: Annotated[
        int | None, Field(description="'after' of the next page of the log; null at its end.")
    ]


class ResultDocument(TypedDict):
    """What an execution came to."""

    result: Data


class FinishedDocument(ResultDocument):
    """An execution that was started, and has come to a result."""

    execution_id: Id
    workflow_id: Id


class StartedDocument(TypedDict):
    """An execution that is about to start."""

    execution_id: Id
    workflow_id: Id
    repeats: None


class RepeatedDocument(TypedDict):
    """An execution that is about to do again what another one did."""

    execution_id: Id
    repeats: EarlierDocument
