"""What an event would do, as it is shown."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.steps import StepKind
from shared.matching.decisions import Reason
from shared.wire.documents.parts import Id


class ForeseenDecisionDocument(TypedDict):
    """Whether the event would start the workflow, as the matcher decides."""

    workflow_version: Annotated[int | None, Field(description="null: it is not registered so.")]
    is_match: bool
    reason: Reason
    detail: str | None


class ExpressionErrorDocument(TypedDict):
    """Why an expression comes to nothing."""

    code: str
    message: str


class ForeseenDocument(TypedDict):
    """What something comes to, as far as the event alone tells."""

    state: Literal["known", "needs", "error"]
    value: Any
    is_cut: Annotated[bool, Field(description="Whether the value is too large to be shown.")]
    needs: Annotated[list[str], Field(description="Steps whose outcomes it reads.")]
    error: ExpressionErrorDocument | None


class TestsDocument(TypedDict):
    """What may keep a step from running; null: it has no such test."""

    edges: ForeseenDocument | None
    filters: ForeseenDocument | None
    run_if: ForeseenDocument | None


class ForeseenStepDocument(TypedDict):
    """A step as it would go."""

    id: str
    kind: StepKind
    action: str | None
    level: Annotated[int, Field(description="Steps of one level could run side by side.")]
    after: Annotated[list[str], Field(description="The steps from which an edge leads to it.")]
    runs: Literal["yes", "no", "fails", "depends"]
    reason: Annotated[str | None, Field(description="What keeps it from running, or fails.")]
    depends_on: Annotated[list[str], Field(description="Steps whose outcomes decide.")]
    tests: TestsDocument
    input: ForeseenDocument
    choice: Annotated[ForeseenDocument | None, Field(description="The handle it is left by.")]
    items: Annotated[ForeseenDocument | None, Field(description="Those of an iterator.")]


class DryRunDocument(TypedDict):
    """A decision, and what would follow of it. Nothing was done."""

    event_key: Id
    decision: ForeseenDecisionDocument
    execution_id: Annotated[Id | None, Field(description="The one that the event would start.")]
    steps: Annotated[
        list[ForeseenStepDocument], Field(description="In the order of levels; none: no match.")
    ]
