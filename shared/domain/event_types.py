"""The types of events that an environment registers, so that authors find and name them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.domain.values import Name, Strict, Text

EventTypeName = Annotated[
    str, Field(min_length=1, max_length=256, pattern=r"^[^*\x00-\x1f\x7f-\x9f]+$")
]
"""Whatever a system calls it, such as ``ticket:created``."""


class EventTypeSpec(Strict):
    """What is said of a type of events.

    ``uid`` is how triggers may name it (drawn where it is left out), ``type`` what its events have
    for a type, its name where that is left out. ``json_schema`` describes their payload.
    """

    model_config = ConfigDict(populate_by_name=True)

    uid: EventTypeName | None = None
    type: EventTypeName | None = None
    source: Name | None = None
    description: Text | None = None
    json_schema: dict[str, Any] | bool | None = Field(default=None, alias="schema")
    metadata: dict[str, Any] | None = None


class EventType(Strict):
    """A registered type of events; ``spec`` has its uid and type."""

    environment_id: UUID
    name: EventTypeName
    version: int
    spec: EventTypeSpec
    updated_at: datetime
