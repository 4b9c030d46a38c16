"""An event, as accepted: the immutable fact that may start workflows."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from shared.domain.frozen import frozen
from shared.domain.ids import EnvironmentId, EventKey


@frozen
class Event:
    """One accepted event.

    ``type`` is the trigger name, such as ``integrated_account:connected``; ``time`` is the
    publisher's word, ``received_at`` ours. ``payload`` is any JSON value. ``attributes`` are the
    publisher's further CloudEvents attributes.
    """

    key: EventKey
    environment_id: EnvironmentId
    type: str
    source: str
    id: str
    received_at: datetime
    payload: Any
    subject: str | None = None
    time: datetime | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ordering_key(self) -> str:
        """Events of one key keep their order on the way to the matcher."""
        return self.subject or self.id
