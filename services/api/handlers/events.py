"""The routes of events."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from aiohttp import web
from pydantic import Field

from services.api.events.explain_event import Explanation, Named, explain_event
from services.api.events.render_decision import render_decision
from services.api.events.send_event import (
    event_of,
    events_of,
    limits_of_bodies,
    send_event,
    send_events,
)
from services.api.executions.execution_fields import render_execution
from services.api.http.bodies import JSON, accept, answer, read_raw
from services.api.http.conditions import Condition, search_page
from services.api.http.idempotency import event_id
from services.api.http.payloads import Payload, answer_to
from services.api.http.query_strings import Id, InEnvironment, SpanQuery, Text
from services.api.http.route import PUBLISH, READ, Body, Route, query_of
from services.api.login.auth import demand, environment_of
from services.api.resources import RESOURCES, SETTINGS
from shared.db.events import EventFilter, search_events
from shared.domain.events import Event
from shared.domain.ids import WorkflowId, event_key
from shared.domain.principals import Scope
from shared.wire.documents.events import (
    EventDocument,
    ExplainedEventDocument,
    SentEvent,
    SentEvents,
    TakenBatchDocument,
    TakenDocument,
)
from shared.wire.documents.parts import SearchPage
from shared.wire.envelope import stamp, stamped
from shared.wire.intake import CLOUD_EVENT

CLOUD_EVENTS: Final = "application/cloudevents-batch+json"


class EventsQuery(SpanQuery):
    """Which events to find, by the time of their arrival among others."""

    type: Text | None = None
    source: Text | None = Field(None, description="Beside an id it finds the event at once.")
    subject: Text | None = None
    id: Text | None = Field(None, description="The one that its publisher gave it.")
    payload: Condition | None = Field(None, description="JSON that its payload holds.")


class ExplanationQuery(InEnvironment):
    """Which event it is, and whether one workflow alone is asked about."""

    source: Text | None = Field(None, description="Of an event that is named by its own id.")
    workflow_id: Id[WorkflowId] | None = None


async def send(request: web.Request) -> web.Response:
    """202 with the event's id and key, once it is durable."""
    resources, settings = request.app[RESOURCES], request.app[SETTINGS]
    if "ce-type" not in request.headers:
        accept(request, JSON | {CLOUD_EVENT})
    environment_id = await environment_of(request)
    event = event_of(
        resources,
        environment_id,
        await read_raw(request, settings),
        list(_event_headers(request)),
        limits_of_bodies(resources, settings),
        event_id(request),
    )
    if event.environment_id != environment_id:  # the body named it
        await environment_of(request, event.environment_id)
    await send_event(resources, event)
    return answer(_taken(event), status=202)


async def send_batch(request: web.Request) -> web.Response:
    """202 with each event's id and key, by its place, once they are durable: all, or none."""
    resources, settings = request.app[RESOURCES], request.app[SETTINGS]
    accept(request, JSON | {CLOUD_EVENTS})
    environment_id = await environment_of(request)
    events = events_of(
        resources,
        environment_id,
        await read_raw(request, settings),
        list(_headers_of_each(request)),
        limits_of_bodies(resources, settings),
        event_id(request),
    )
    for named in {event.environment_id for event in events} - {environment_id}:
        await environment_of(request, named)
    await send_events(resources, events)
    document: TakenBatchDocument = {"items": [_taken(event) for event in events]}
    return answer(document, status=202)


async def explain(request: web.Request) -> web.Response:
    """The event of a key or a publisher's id, and why each workflow was started or not."""
    query, environment_id = query_of(request, ExplanationQuery), await environment_of(request)
    named = Named(request.match_info["id"], query.source)
    found = await explain_event(request.app[RESOURCES], environment_id, named, query.workflow_id)
    return answer_to(request, _explanation(found))


async def list_recent(request: web.Request) -> web.Response:
    """A page of events, the latest first."""
    query, environment_id = query_of(request, EventsQuery), await environment_of(request)
    if query.payload is not None:
        demand(request, Scope.PAYLOADS)
    source, id_ = query.source, query.id
    which = EventFilter(
        environment_id=environment_id,
        type=query.type,
        key=None if source is None or id_ is None else event_key(environment_id, source, id_),
        source=source,
        subject=query.subject,
        id=id_,
        from_at=query.from_at,
        before_at=query.before_at,
        payload=query.payload,
    )
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await search_events(conn, which, before=query.cursor, limit=query.limit)
    return answer_to(request, search_page(found, _event))


def _event_headers(request: web.Request) -> Iterator[tuple[str, bytes]]:
    """The headers as a bus carries them; HTTP percent-encodes those of CloudEvents."""
    for name, value in request.headers.items():
        lowered = name.lower()
        if lowered.startswith("ce-"):
            yield f"ce_{lowered[3:]}", unquote(value).encode("utf-8", "surrogateescape")
        elif lowered in ("content-type", "traceparent"):
            yield lowered, value.encode("utf-8", "surrogateescape")


def _headers_of_each(request: web.Request) -> Iterator[tuple[str, bytes]]:
    """The headers of a batch, as each of its events would have them alone."""
    if request.content_type == CLOUD_EVENTS:
        yield "content-type", CLOUD_EVENT.encode()
    for name, value in _event_headers(request):
        if name == "traceparent":
            yield name, value


def _taken(event: Event) -> TakenDocument:
    return {
        "id": event.id,
        "key": str(event.key),
        "source": event.source,
        "event": event.type,
    }


def _event(event: Event) -> EventDocument:
    return {
        "key": str(event.key),
        "id": event.id,
        "source": event.source,
        "event": event.type,
        "environment_id": str(event.environment_id),
        "subject": event.subject,
        "time": stamped(event.time),
        "received_at": stamp(event.received_at),
        "payload": Payload(event.payload),
        "attributes": Payload(event.attributes),
    }


def _explanation(found: Explanation) -> ExplainedEventDocument:
    return {
        **_event(found.event),
        "conflicts": [
            {"origin": c.origin, "received_at": stamp(c.received_at), "record": Payload(c.record)}
            for c in found.conflicts
        ],
        "decisions": [render_decision(each, found.event) for each in found.decisions],
        "decisions_complete": found.is_complete,
        "executions": [render_execution(execution) for execution in found.executions],
    }


ROUTES: Final = (
    Route(
        *("POST", "/v1/events", send, PUBLISH),
        body=Body(model=SentEvent, media=JSON | {CLOUD_EVENT}),
        answers={202: TakenDocument},
    ),
    Route(
        *("POST", "/v1/events/batch", send_batch, PUBLISH),
        body=Body(model=SentEvents, media=JSON | {CLOUD_EVENTS}),
        answers={202: TakenBatchDocument},
    ),
    Route(
        *("GET", "/v1/events", list_recent, READ),
        query=EventsQuery,
        answers={200: SearchPage[EventDocument]},
    ),
    Route(
        *("GET", "/v1/events/{id}", explain, READ),
        query=ExplanationQuery,
        answers={200: ExplainedEventDocument},
    ),
)
