"""Which executions are meant, in the words of the search."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from services.api.http.conditions import Condition, Statuses
from services.api.http.held import Held
from services.api.http.query_strings import Id, Moment, PageQuery, Text
from shared.db.history import ExecutionFilter
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, WorkflowId
from shared.domain.values import Strict


def _joined(given: Any) -> Any:
    return ",".join(map(str, given)) if isinstance(given, list) else given


ManyStatuses = Annotated[
    Statuses,
    BeforeValidator(_joined),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]
"""A list of words, or words with commas between them."""


class ExecutionConditions(BaseModel):
    """Which executions are meant; none: all of the environment."""

    workflow_id: Id[WorkflowId] | None = None
    event_key: Id[EventKey] | None = Field(None, description="The event that started them.")
    parent_id: Id[ExecutionId] | None = Field(None, description="Those that its steps started.")
    root_event_key: Id[EventKey] | None = Field(
        None, description="All that came of this event, by way of others too."
    )
    status: Statuses | None = None
    from_at: Moment | None = Field(None, alias="from", description="Created then or later.")
    before_at: Moment | None = Field(None, alias="to", description="Created before this time.")
    finished_from: Moment | None = Field(None, description="Ended at this time or later.")
    finished_to: Moment | None = Field(None, description="Ended before this time.")
    event_type: Text | None = Field(None, description="Of the event that started them.")
    input: Condition | None = Field(None, description="JSON that the event's data holds.")
    output: Condition | None = Field(None, description="JSON that their result holds.")

    @property
    def names_payloads(self) -> bool:
        """Whether the answer tells what executions hold."""
        return (self.input or self.output) is not None

    def filter_in(self, environment_id: EnvironmentId) -> ExecutionFilter:
        """The conditions, for an environment."""
        return ExecutionFilter(
            environment_id=environment_id,
            workflow_id=self.workflow_id,
            event_key=self.event_key,
            parent_id=self.parent_id,
            root_event_key=self.root_event_key,
            statuses=self.status,
            from_at=self.from_at,
            before_at=self.before_at,
            finished_from_at=self.finished_from,
            finished_before_at=self.finished_to,
            event_type=self.event_type,
            input=self.input,
            output=self.output,
        )


class ExecutionsQuery(ExecutionConditions, PageQuery):
    """A page of executions, as a query string says which."""


class ExecutionsWhere(ExecutionConditions, Strict):
    """Executions, as a body says which: lists and JSON may stand there as they are."""

    status: ManyStatuses | None = None
    input: Held | None = Field(None, description="What the event's data holds.")
    output: Held | None = Field(None, description="What their result holds.")
