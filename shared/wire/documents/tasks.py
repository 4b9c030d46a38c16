"""Remote tasks, as workers get them."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from shared.wire.documents.parts import Id, Time


class TaskDocument(TypedDict):
    """A task that is this worker's for a while."""

    task_id: str
    action: str
    execution_id: Id
    workflow_id: Id
    step_id: str
    attempt: int
    input: Any
    due_at: Annotated[Time, Field(description="When its answer is no longer waited for.")]
    heartbeat_s: Annotated[
        float | None, Field(description="How long the worker may be silent; null: as it likes.")
    ]
    action_version: int | None
    progress: Annotated[Any, Field(description="What was last said of it, maybe by another.")]


class TasksDocument(TypedDict):
    """The tasks that a poll found."""

    items: list[TaskDocument]


class HeardDocument(TypedDict):
    """A task whose worker was heard."""

    task_id: str
