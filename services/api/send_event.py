"""Taking one event over HTTP: it is published as it would be by any publisher."""

from collections.abc import Sequence

from services.api.resources import ApiResources
from shared.bus.protocol import Record
from shared.domain.events import Event
from shared.wire.envelope import HEADERS
from shared.wire.events import encode_event
from shared.wire.intake import EventLimits, read_event

SOURCE = "/turnout/api"


async def send_event(
    resources: ApiResources,
    body: bytes,
    headers: Sequence[tuple[str, bytes]],
    limits: EventLimits,
) -> Event:
    """Publish the event of a body on the first source topic; on return it is durable.

    Without an id it gets a new one. Raises Invalid, or Unavailable: it may be sent again then,
    under the same id without harm.
    """
    event = read_event(
        body,
        headers,
        fallback_id=str(resources.new_id()),
        default_source=SOURCE,
        default_environment=resources.default_environment,
        received_at=resources.clock.now(),
        limits=limits,
    )
    record = Record(
        topic=resources.topics.sources[0],
        key=event.ordering_key.encode(),
        value=encode_event(event),
        headers=HEADERS,
    )
    await resources.bus.publish([record])
    return event
