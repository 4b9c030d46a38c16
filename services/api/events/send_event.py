"""Taking events over HTTP: they are published as they would be by any publisher."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.bus.protocol import Record
from shared.domain.errors import Invalid, Problem
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId
from shared.wire.envelope import HEADERS, dumps
from shared.wire.event_fields import EventFault
from shared.wire.events import event_record
from shared.wire.intake import EventLimits, read_event, write_event
from shared.wire.strict_json import WRITABLE_DEPTH_MAX, JsonFault, JsonLimits, invalid, read_json

SOURCE: Final = "/turnout/api"
BATCH_MAX: Final = 1_000

T = TypeVar("T")
R = TypeVar("R")


def limits_of_bodies(resources: ApiResources, settings: ApiSettings) -> EventLimits:
    """What a body may be that an event is read from; what is made of it is held to its own."""
    return replace(resources.event_limits, body_bytes_max=settings.body_bytes_max)


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

    def read(numbered: tuple[int, Any]) -> Event:
        number, document = numbered
        own_id = None if fallback_id is None else f"{fallback_id}-{number}"
        # As it would come alone: each is held to the limits of one event.
        return event_of(resources, environment_id, dumps(document), headers, limits, own_id)

    return _each(enumerate(_array(body, limits)), read)


async def send_event(resources: ApiResources, event: Event) -> None:
    """Publish an event on the first source topic; on return it is durable.

    Raises Invalid, with nothing published, when it is too much for an event as it is written there.
    Raises Unavailable: it may be sent again then, under the same id without harm.
    """
    await resources.bus.publish([_record(resources, event)])


async def send_events(resources: ApiResources, events: Sequence[Event]) -> None:
    """As ``send_event``, all or none; Invalid has the fault of each at its place among them."""
    await resources.bus.publish(_each(events, partial(_record, resources)))


def _record(resources: ApiResources, event: Event) -> Record:
    return Record(
        topic=resources.topics.sources[0],
        key=event.ordering_key.encode(),
        value=write_event(event_record(event), resources.event_limits),
        headers=HEADERS,
    )


def _each(given: Iterable[T], make: Callable[[T], R]) -> list[R]:
    """What is made of each. Raises Invalid with the fault of each of which nothing is."""
    made: list[R] = []
    problems: list[Problem] = []
    for number, one in enumerate(given):
        try:
            made.append(make(one))
        except Invalid as error:
            fault = error.problems[0]
            problems.append(replace(fault, pointer=f"/{number}{fault.pointer}"))
    if problems:
        raise Invalid(problems)
    return made


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
