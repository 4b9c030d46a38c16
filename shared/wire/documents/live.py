"""What live updates tell: the data of their events."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.executions import Phase
from shared.wire.documents.executions import AttemptDocument, ErrorDocument, PhaseDocument
from shared.wire.documents.parts import Id, Time


class ExecutionRefDocument(TypedDict):
    """Which execution something happened in."""

    execution_id: Id
    workflow_id: Id
    workflow_version: int
    event_key: Id


class ExecutionChangeDocument(ExecutionRefDocument):
    """``execution``: an execution has come to a phase."""

    position: Annotated[int, Field(description="Where in its log it stands.")]
    phase: Phase
    error: Annotated[ErrorDocument | None, Field(description="What ended it.")]
    at: Time


class StepChangeDocument(ExecutionRefDocument, AttemptDocument):
    """``step``: an attempt of a step has ended, or waits."""

    truncated: Annotated[
        bool, Field(description="Input and output were too large; the execution's log has them.")
    ]


class LogEntryDocument(TypedDict):
    """``entry``: a line of an execution's log."""

    position: int
    phases: list[PhaseDocument]
    attempts: Annotated[list[AttemptDocument], Field(description="One, or none.")]


class ClosingDocument(TypedDict):
    """``close``: why the stream ends here; ``reset``: why it does not go on where it was left."""

    reason: str
    detail: str
