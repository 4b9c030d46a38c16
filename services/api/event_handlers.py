"""The routes of events."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from services.api.auth import environment_of
from services.api.bodies import JSON, accept, answer, read_raw
from services.api.execution_handlers import render_execution
from services.api.explain_event import Explanation, explain_event
from services.api.pages import page_of
from services.api.parameters import Query
from services.api.payloads import Payload, answer_to
from services.api.resources import RESOURCES, SETTINGS
from services.api.send_event import SOURCE, event_of, send_event
from shared.db.events import list_events
from shared.domain.events import Event
from shared.domain.ids import (
    EnvironmentId,
    EventKey,
    WorkflowId,
    as_uuid,
    event_key,
    execution_id,
)
from shared.matching.decisions import Decision
from shared.wire.envelope import stamp
from shared.wire.intake import CLOUD_EVENT, EventLimits


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
        EventLimits(body_bytes_max=settings.body_bytes_max),
    )
    if event.environment_id != environment_id:  # the body named it
        await environment_of(request, event.environment_id)
    await send_event(resources, event)
    document = {
        "id": event.id,
        "key": str(event.key),
        "source": event.source,
        "event": event.type,
    }
    return answer(document, status=202)


async def explain(request: web.Request) -> web.Response:
    """The event of a key or a publisher's id, and why each workflow was started or not."""
    query = Query(request, "source", "environment_id", "workflow_id")
    workflow_id, environment_id = query.id("workflow_id", WorkflowId), await query.environment()
    keys = _keys(request.match_info["id"], query.text("source"), environment_id)
    found = await explain_event(request.app[RESOURCES], environment_id, keys, workflow_id)
    return answer_to(request, _explanation(found))


async def list_recent(request: web.Request) -> web.Response:
    """A page of events, the latest first."""
    query = Query(request, "type", "environment_id", "limit", "cursor")
    environment_id = await query.environment()
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_events(
            conn,
            environment_id=environment_id,
            event_type=query.text("type"),
            before=query.cursor(),
            limit=query.limit + 1,
        )
    return answer_to(
        request, page_of(found, query.limit, _event, lambda one: (one.received_at, one.key))
    )


def _event_headers(request: web.Request) -> Iterator[tuple[str, bytes]]:
    """The headers as a bus carries them; HTTP percent-encodes those of CloudEvents."""
    for name, value in request.headers.items():
        lowered = name.lower()
        if lowered.startswith("ce-"):
            yield f"ce_{lowered[3:]}", unquote(value).encode("utf-8", "surrogateescape")
        elif lowered in ("content-type", "traceparent"):
            yield lowered, value.encode("utf-8", "surrogateescape")


def _keys(written: str, source: str | None, environment_id: EnvironmentId) -> Sequence[EventKey]:
    """What an id in a path may mean: a key, or the id that a publisher gave."""
    published = event_key(environment_id, source or SOURCE, written)
    parsed = as_uuid(written) if source is None else None
    return [published] if parsed is None else [EventKey(parsed), published]


def _event(event: Event) -> dict[str, Any]:
    return {
        "key": str(event.key),
        "id": event.id,
        "source": event.source,
        "event": event.type,
        "environment_id": str(event.environment_id),
        "subject": event.subject,
        "time": event.time and stamp(event.time),
        "received_at": stamp(event.received_at),
        "payload": Payload(event.payload),
        "attributes": Payload(event.attributes),
    }


def _explanation(found: Explanation) -> dict[str, Any]:
    return {
        **_event(found.event),
        "conflicts": [
            {"origin": c.origin, "received_at": stamp(c.received_at), "record": Payload(c.record)}
            for c in found.conflicts
        ],
        "decisions": [_decision(decision, found.event) for decision in found.decisions],
        "decisions_complete": found.is_complete,
        "executions": [render_execution(execution) for execution in found.executions],
    }


def _decision(decision: Decision, event: Event) -> dict[str, Any]:
    started = execution_id(decision.workflow_id, event.key) if decision.is_match else None
    return {
        "workflow_id": str(decision.workflow_id),
        "workflow_version": decision.workflow_version,
        "is_match": decision.is_match,
        "reason": decision.reason,
        "detail": Payload(decision.detail),
        "execution_id": started and str(started),
    }
