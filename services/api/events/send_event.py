"""Taking events over HTTP: they are published as they would be by any publisher."""

from collections.abc import Sequence
from typing import Any, Final

from services.api.resources import ApiResources
from shared.bus.protocol import Record
from shared.domain.errors import Invalid, Problem
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId
from shared.wire.envelope import HEADERS, dumps
from shared.wire.event_fields import EventFault
from shared.wire.events import encode_event
from shared.wire.intake import EventLimits, read_event
from shared.wire.strict_json import WRITABLE_DEPTH_MAX, JsonFault, JsonLimits, invalid, read_json

SOURCE: Final = "/turnout/api"
BATCH_MAX: Final = 1_000


def event_of(
    resources: ApiResources,
    environment_id: EnvironmentId,
    body: bytes,
    headers: Sequence[tuple[str, bytes]],
    limits: EventLimits,
    fallback_id: str | None = None,
) -> Event:
    """The event of a body, of ``environment_id`` unless it names another. Raises Invalid.

    Without an id it gets ``fallback_id``, or a new one.
    """
    return read_event(
        body,
        headers,
        fallback_id=fallback_id or str(resources.new_id()),
        default_source=SOURCE,
        default_environment=environment_id,
        received_at=resources.clock.now(),
        limits=limits,
    )


def events_of(
    resources: ApiResources,
    environment_id: EnvironmentId,
    body: bytes,
    headers: Sequence[tuple[str, bytes]],
    limits: EventLimits,
    fallback_id: str | None = None,
) -> list[Event]:
    """The events of an array, each as ``event_of`` reads it.

    Raises Invalid with the fault of each that is none, at its place in the array.
    """
    events: list[Event] = []
    problems: list[Problem] = []
    for number, document in enumerate(_array(body, limits)):
        own_id = None if fallback_id is None else f"{fallback_id}-{number}"
        try:
            # As it would come alone: each is held to the limits of one event.
            raw = dumps(document)
            events.append(event_of(resources, environment_id, raw, headers, limits, own_id))
        except Invalid as error:
            fault = error.problems[0]
            place = f"/{number}{fault.pointer}"
            problems.append(Problem(pointer=place, code=fault.code, detail=fault.detail))
    if problems:
        raise Invalid(problems)
    return events


async def send_events(resources: ApiResources, events: Sequence[Event]) -> None:
    """Publish events on the first source topic; on return they are durable.

    Raises Unavailable: they may be sent again then, under the same ids without harm.
    """
    topic = resources.topics.sources[0]
    await resources.bus.publish(
        [
            Record(
                topic=topic,
                key=event.ordering_key.encode(),
                value=encode_event(event),
                headers=HEADERS,
            )
            for event in events
        ]
    )


def _array(body: bytes, limits: EventLimits) -> list[Any]:
    # Levels and keys are counted event by event: here only what could not be read so.
    most = limits.body_bytes_max
    deepest = WRITABLE_DEPTH_MAX
    found = read_json(body, JsonLimits(body_bytes_max=most, depth_max=deepest, keys_max=most))
    if not isinstance(found, list):
        raise invalid("", EventFault.WRONG_TYPE, "Send a JSON array of events.")
    if not found:
        raise invalid("", EventFault.EMPTY, "There is nothing in it; send an event.")
    if len(found) > BATCH_MAX:
        raise invalid("", JsonFault.TOO_LARGE, f"Send at most {BATCH_MAX:,} events at once.")
    return found
