"""Actions, as they are shown."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.actions import Throttle, Transport
from shared.wire.documents.parts import Id, Time, json_of


class ActionFields(TypedDict):
    """What is said of an action: an ``ActionSpec`` as JSON."""

    transport: Transport
    url: str | None
    input_schema: Annotated[
        dict[str, Any] | bool | None, Field(description="A JSON Schema; null allows everything.")
    ]
    output_schema: Annotated[
        dict[str, Any] | bool | None, Field(description="A JSON Schema; null allows everything.")
    ]
    description: str | None
    category: str | None
    source: str | None
    timeout_s: Annotated[float | None, Field(description="The most that an attempt may take.")]
    throttle: Annotated[dict[str, Any] | None, json_of(Throttle | None)]
    metadata: dict[str, Any] | None


class ActionDocument(ActionFields):
    """An action in one version, which never changes."""

    name: str
    environment_id: Id
    version: int
    updated_at: Time


class BuiltInDocument(TypedDict):
    """An action that every installation has."""

    name: str
    transport: Literal["built_in"]
    description: str


AnyAction = ActionDocument | BuiltInDocument


class ActionPage(TypedDict):
    """Some of the actions, and the cursor that asks for what follows; null at the end."""

    items: list[AnyAction]
    next_cursor: str | None
