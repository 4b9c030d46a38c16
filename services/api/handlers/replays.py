"""The native routes that replay archived events to chosen workflows."""

from typing import Final

from aiohttp import web

from services.api.events.replay_events import (
    ReplayOptions,
    ReplayRequest,
    replay_event,
    replay_events,
)
from services.api.events.replayed import Replayed, Start, Tally
from services.api.http.bodies import answer
from services.api.http.pages import cursor_after
from services.api.http.parameters import id_in_path, idempotency_key
from services.api.http.route import OPERATE, Body, Route, body_of
from services.api.login.auth import caller_of, demand
from services.api.resources import RESOURCES
from shared.db.events import get_event
from shared.domain.ids import EventKey
from shared.domain.principals import Scope
from shared.wire.documents.replays import (
    ReplayAnswerDocument,
    ReplayedStartDocument,
    ReplayedWorkflowDocument,
)

_SAMPLE_MAX: Final = 20


async def replay(request: web.Request) -> web.Response:
    """Have chosen workflows, as they are now, decide anew on the events of a span of time.

    Starts of what matches are durable by the answer. What an event had started before is not
    started once more, unless ``again`` asks for it; the same ``replay_id`` then starts it once.
    Ask on with ``next_cursor`` until it is null.
    """
    asked = await body_of(request, ReplayRequest)
    if asked.payload is not None:
        demand(request, Scope.PAYLOADS)
    caller, key = await caller_of(request), idempotency_key(request)
    return _answer(await replay_events(request.app[RESOURCES], caller, asked, key))


async def replay_one(request: web.Request) -> web.Response:
    """As a replay of many, of the event of a key."""
    event_key, asked = EventKey(id_in_path(request)), await body_of(request, ReplayOptions)
    resources, key = request.app[RESOURCES], idempotency_key(request)
    caller = await caller_of(request)
    async with resources.tenant(caller.environment_id) as conn:
        event = await get_event(conn, event_key)
    return _answer(await replay_event(resources, caller, event, asked, key))


def _answer(replayed: Replayed) -> web.Response:
    place = replayed.next_place
    document: ReplayAnswerDocument = {
        "preview": replayed.is_preview,
        "replay_id": str(replayed.replay.replay_id),
        "again": replayed.replay.again,
        "looked_at": replayed.looked_at,
        "events": replayed.events,
        "workflows": [_workflow(tally) for tally in replayed.tallies],
        "sample": [_start(start) for start in replayed.starts[:_SAMPLE_MAX]],
        "next_cursor": None if place is None else cursor_after(place),
    }
    return answer(document)


def _workflow(tally: Tally) -> ReplayedWorkflowDocument:
    workflow = tally.workflow
    return {
        "workflow_id": str(workflow.id),
        "workflow_name": workflow.definition.name,
        "workflow_version": workflow.version,
        "is_active": workflow.is_active,
        "matched": tally.already_started + tally.starts,
        "already_started": tally.already_started,
        "starts": tally.starts,
        "reasons": {reason.value: count for reason, count in tally.reasons.items()},
    }


def _start(start: Start) -> ReplayedStartDocument:
    return {
        "execution_id": str(start.execution_id),
        "workflow_id": str(start.workflow.id),
        "event_key": str(start.event_key),
    }


ROUTES: Final = (
    Route(
        *("POST", "/v1/events/replay", replay, OPERATE),
        body=Body(model=ReplayRequest),
        answers={200: ReplayAnswerDocument},
    ),
    Route(
        *("POST", "/v1/events/{id}/replay", replay_one, OPERATE),
        body=Body(model=ReplayOptions),
        answers={200: ReplayAnswerDocument},
    ),
)
