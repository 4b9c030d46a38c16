"""Why an event did, or did not, start a workflow."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.ids import WorkflowId
from shared.matching.clauses import Clause


class Reason(StrEnum):
    """The one thing that decided."""

    MATCHED = "MATCHED"
    NO_TRIGGER = "NO_TRIGGER"
    INACTIVE = "INACTIVE"
    DRAFT = "DRAFT"
    OTHER_ENVIRONMENT = "OTHER_ENVIRONMENT"
    FILTER_FALSE = "FILTER_FALSE"
    FILTER_ERROR = "FILTER_ERROR"
    RUN_IF_FALSE = "RUN_IF_FALSE"
    RUN_IF_UNDEFINED = "RUN_IF_UNDEFINED"
    RUN_IF_ERROR = "RUN_IF_ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict on one event and one workflow; ``cause`` is what there is to say about it."""

    workflow_id: WorkflowId
    workflow_version: int
    reason: Reason
    cause: Clause | str | None = None

    @property
    def is_match(self) -> bool:
        """Whether the event starts the workflow."""
        return self.reason is Reason.MATCHED

    @property
    def detail(self) -> str | None:
        """A sentence for the workflow's author; put into words only when somebody asks."""
        return None if self.cause is None else str(self.cause)
