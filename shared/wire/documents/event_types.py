"""Types of events, as they are shown."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from shared.wire.documents.parts import Id, Time


class EventTypeFields(TypedDict):
    """What is said of a type of events: an ``EventTypeSpec`` as JSON."""

    uid: Annotated[str, Field(description="What triggers may name it by, whatever its name.")]
    type: Annotated[str, Field(description="What its events have for a type.")]
    source: str | None
    description: str | None
    schema: Annotated[
        dict[str, Any] | bool | None, Field(description="A JSON Schema of their payload.")
    ]
    metadata: dict[str, Any] | None


class EventTypeDocument(EventTypeFields):
    """A registered type of events."""

    name: str
    version: int
    environment_id: Id
    updated_at: Time
