"""The audit log, as it is shown."""

from typing import Any

from typing_extensions import TypedDict

from shared.wire.documents.parts import Id, Time


class ChangeDocument(TypedDict):
    """A change that somebody made, and how its target stood before and after."""

    id: Id
    environment_id: Id
    at: Time
    principal: str
    action: str
    target: str
    before: Any
    after: Any
    request_id: str
