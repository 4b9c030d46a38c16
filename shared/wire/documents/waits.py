"""Steps that wait, and the answers of people, as they are shown."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.executions import AttemptStatus
from shared.domain.outcomes import WaitKind
from shared.wire.documents.executions import ErrorDocument, StepPlace
from shared.wire.documents.parts import Data, Id, Time


class WaitDocument(StepPlace):
    """A step that waits; the last four fields are of the remote worker that has its task."""

    execution_id: Id
    environment_id: Id
    workflow_id: Id
    workflow_version: int
    kind: WaitKind
    subject: Annotated[Any, Field(description="What it is found by; of a turn a payload.")]
    attempt: int
    since: Time
    due_at: Annotated[Time | None, Field(description="When it ends by itself.")]
    data: Data
    beaten_at: Annotated[Time | None, Field(description="The worker's last sign of life.")]
    progress: Data
    claimed_by: str | None
    claimed_until: Time | None


class AnswerDocument(TypedDict):
    """What a wait came to."""

    status: AttemptStatus
    output: Data
    error: ErrorDocument | None
    at: Time


class RulingDocument(TypedDict):
    """Whether an answer is the one that counts."""

    won: Annotated[bool | None, Field(description="null: it is not known yet.")]
    decision_id: Annotated[str, Field(description="Sent again with it, the answer is the same.")]
    answer: Annotated[AnswerDocument | None, Field(description="The one that counts.")]
