"""What Thena's clients send: a workflow, word by word. Unknown fields are kept, null is silence."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator
from pydantic.alias_generators import to_camel

from shared.domain.steps import VERSION_MAX
from shared.domain.values import Name
from shared.domain.workflows import PathText

SAID_BY_US: Final = frozenset(
    {
        *("uid", "uniqueIdentifier", "version", "isActive", "createdAt", "updatedAt", "createdBy"),
        "problems",
    }
)
"""What answers say of a workflow; it may come back in a request, and means nothing there."""

SAFE_MAX: Final = 2**53
"""The largest whole number that every client of JSON can tell from its neighbours."""

Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class _Open(BaseModel):
    """A strict value whose unknown fields are kept; null is as if the field were left out."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, written: Any) -> Any:
        if not isinstance(written, dict):
            return written
        return {name: value for name, value in written.items() if value is not None}


class ThenaActivity(_Open):
    """An activity of the registry; it is upgraded to its latest version unless it says no."""

    unique_identifier: Name
    version: Annotated[int, Field(ge=1, le=VERSION_MAX)] | None = None
    auto_upgrade_to_latest_version: bool = True


class ThenaRetry(_Open):
    """How often an activity is tried, and after how many seconds again."""

    maximum_attempts: Annotated[int, Field(ge=1, le=SAFE_MAX)] = 3
    initial_interval: Seconds = 1.0
    backoff_coefficient: Annotated[float, Field(ge=1.0, allow_inf_nan=False)] = 2.0


class ThenaApprover(_Open):
    """Who has to say yes, within ``timeout`` seconds; 0: whenever he likes."""

    type: Literal["TEAM", "USER"] = "TEAM"
    uid: Annotated[str, Field(max_length=256)] = ""
    timeout: Seconds = 0.0


class ThenaCompensation(_Open):
    """What undoes a step; without an activity nothing does."""

    activity: ThenaActivity | None = None
    input: dict[str, Any] | None = None


class ThenaStep(_Open):
    """One of ``workflowDefinition``."""

    step_identifier: Annotated[int, Field(ge=-SAFE_MAX, le=SAFE_MAX)]
    activity: ThenaActivity
    input: dict[str, Any] = Field(default_factory=dict)
    retry_policy: ThenaRetry | None = None
    on_failure: Literal["ABORT", "CONTINUE", "COMPENSATE"] = "ABORT"
    execution_timeout: Seconds = 0.0
    is_sleep_activity: bool = False
    dependencies: Sequence[str] = ()
    require_approval: bool | None = None
    approver: ThenaApprover | None = None
    filters: dict[str, Any] | None = None
    compensation_activity: ThenaCompensation | None = None

    @property
    def needs_approval(self) -> bool:
        """As it says; where it says nothing, a named approver says it."""
        if self.require_approval is not None:
            return self.require_approval
        return self.approver is not None and bool(self.approver.uid)


class ThenaAnnotation(_Open):
    """An entity that is looked up before the first step."""

    entity_type: Name
    required_fields: dict[str, Any] = Field(default_factory=dict)
    relations: Sequence[PathText] = ()
    path_to_annotate: PathText


class ThenaEvent(_Open):
    """A registered event by its uid or, for want of it, by its name."""

    uid: Name | None = None
    event_name: Name | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not (self.uid or self.event_name):
            raise ValueError("name the event by its uid or its eventName")
        return self


class ThenaWorkflow(_Open):
    """The body of ``POST /api/v1/workflows``. Without an event no event starts the workflow."""

    name: Name
    type: Name | None = None
    sub_type: Name | None = None
    trigger_event: Name | ThenaEvent | None = None
    filters: dict[str, Any] | None = None
    annotations: Annotated[Sequence[ThenaAnnotation], Field(max_length=20)] = ()
    workflow_definition: Sequence[ThenaStep]
    executing_agent: Name | None = None
    team_id: Name | None = None
    metadata: dict[str, Any] | None = None
    is_active: bool = True


def event_named(trigger: Any) -> str | None:
    """The event that ``triggerEvent`` names, as the registry is asked for it."""
    if isinstance(trigger, dict):
        return trigger.get("uid") or trigger.get("eventName")
    return None if trigger is None else str(trigger)


class ThenaChange(RootModel[dict[str, Any]]):
    """Any of a workflow's fields; those that are left out stay as they are."""


class ThenaSwitch(_Open):
    """Whether events may start the workflow; left out: the other way than now."""

    is_active: bool | None = None
