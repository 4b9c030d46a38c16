"""Taking one event over HTTP: it is published as it would be by any publisher."""

from collections.abc import Sequence

from services.api.resources import ApiResources
from shared.bus.protocol import Record
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId
from shared.wire.envelope import HEADERS
from shared.wire.events import encode_event
from shared.wire.intake import EventLimits, read_event

SOURCE = "/turnout/api"


def event_of(
    resources: ApiResources,
    environment_id: EnvironmentId,
    body: bytes,
    headers: Sequence[tuple[str, bytes]],
    limits: EventLimits,
) -> Event:
    """The event of a body, of ``environment_id`` unless it names another. Raises Invalid.

    Without an id it gets a new one.
    """
    return read_event(
        body,
        headers,
        fallback_id=str(resources.new_id()),
        default_source=SOURCE,
        default_environment=environment_id,
        received_at=resources.clock.now(),
        limits=limits,
    )


async def send_event(resources: ApiResources, event: Event) -> None:
    """Publish an event on the first source topic; on return it is durable.

    Raises Unavailable: it may be sent again then, under the same id without harm.
    """
    record = Record(
        topic=resources.topics.sources[0],
        key=event.ordering_key.encode(),
        value=encode_event(event),
        headers=HEADERS,
    )
    await resources.bus.publish([record])
