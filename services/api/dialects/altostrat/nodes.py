"""Altostrat's documents: a workflow, its nodes and its edges. What they do not know is kept."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from shared.domain.steps import Handle, StepName
from shared.domain.values import Name, Text

SAID_BY_US: Final = frozenset(
    {"id", "created_at", "updated_at", "next_run_at", "webhook_url", "problems"}
)
"""What answers say of a workflow; it may come back in a request, and means nothing there."""


class Defaults(TypedDict):
    """What is told where a document does not say it."""

    description: str | None
    schedule_type: str | None
    schedule_value: str | None


DEFAULTS: Final[Defaults] = {
    "description": None,
    "schedule_type": "manual",
    "schedule_value": None,
}


class Open(BaseModel):
    """A strict value whose unknown fields are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class AltostratData(Open):
    """What a node does: ``componentId``, and the fields of that component."""

    component_id: Name | None = Field(None, alias="componentId")
    description: Text | None = None
    continue_on_error: bool | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """What the component is told; ``uiId`` is the editor's own."""
        return {k: v for k, v in (self.model_extra or {}).items() if k != "uiId"}


class AltostratNode(Open):
    """A node; without a ``componentId`` its ``type`` says what it is."""

    id: StepName
    type: Name
    position: Any = None
    data: AltostratData = Field(default_factory=lambda: AltostratData.model_validate({}))

    @property
    def component(self) -> str:
        """What it is."""
        return self.data.component_id or self.type


class AltostratEdge(Open):
    """From one node to another; ``sourceHandle`` is the way by which the first is left."""

    id: Annotated[str, Field(max_length=256)] | None = None
    source: str
    target: str
    source_handle: Handle | None = Field(None, alias="sourceHandle")


class AltostratWorkflow(Open):
    """The body of ``POST /workflows``; exactly one of the nodes is a trigger."""

    name: Name
    authorization_id: Annotated[str, Field(pattern=r"^auth_.+$", max_length=256)]
    nodes: Annotated[tuple[AltostratNode, ...], Field(min_length=1)]
    edges: tuple[AltostratEdge, ...]
    description: Text | None = None
    is_active: bool = True
    schedule_type: Literal["manual", "interval", "cron", "daily", "weekly", "monthly"] | None = (
        "manual"
    )
    schedule_value: Annotated[str, Field(max_length=256)] | None = None


class AltostratChange(Open):
    """Any of a workflow's fields; those that are left out stay as they are."""
