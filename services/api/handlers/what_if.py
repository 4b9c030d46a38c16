"""The native route of what-if: what past events would do under another definition."""

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from services.api.dialects.read_registration import placed_in, registration_of
from services.api.http.bodies import JSON, YAML
from services.api.http.pages import cursor_after
from services.api.http.parameters import id_in_path
from services.api.http.payloads import Payload, answer_to
from services.api.http.placed import placed_below
from services.api.http.query_strings import Cursor, Moment
from services.api.http.route import READ_PAYLOADS, Body, Route, body_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from services.api.workflows.ask_what_if import EVENTS_MAX, Answer, Asked, what_if
from services.api.workflows.what_if import Changed, ChangedStep, Changes, Kind
from shared.domain.ids import WorkflowId
from shared.domain.values import Strict
from shared.matching.decisions import Reason
from shared.matching.explain import Explained
from shared.wire.documents.what_if import (
    BothDocument,
    ChangedEventDocument,
    ChangedEventsDocument,
    ChangedStepDocument,
    WhatIfDocument,
    WhyDocument,
)
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

_HOUR_S: Final = 3_600.0


class WhatIfRequest(Strict):
    """What takes the workflow's place, and the events that are asked about."""

    document: Annotated[
        dict[str, Any], Field(description="A workflow as POST /v1/workflows takes it.")
    ]
    from_at: Moment | None = Field(
        None, alias="from", description="Only events that arrived at this time or later."
    )
    before_at: Moment | None = Field(
        None, alias="to", description="Only events that arrived before this time; else until now."
    )
    limit: int = Field(EVENTS_MAX, ge=1, le=EVENTS_MAX, description="Events to look at.")
    cursor: Cursor | None = Field(None, description="'next_cursor' of the answer before.")


async def ask(request: web.Request) -> web.Response:
    """What the latest events would do if the document took the workflow's place.

    They are decided on by the current version and by the document; nothing is done and nothing
    kept. Whoever asks learns what payloads hold, and so must be allowed to see them. Ask on with
    ``next_cursor`` until it is null.
    """
    workflow_id, resources = WorkflowId(id_in_path(request)), request.app[RESOURCES]
    body = await body_of(request, WhatIfRequest)
    with placed_below("/document"):
        document = registration_of(body.document, workflow_id)
        if document.workflow_id != workflow_id:
            raise invalid("/id", "OTHER_ID", "It differs from the id in the path; leave it out.")
    environment_id = await environment_of(request, document.environment_id)
    before_at = body.before_at or resources.clock.now()
    if body.from_at is not None and before_at <= body.from_at:
        pointer = "/from" if body.before_at is None else "/to"
        raise invalid(pointer, "BAD_SPAN", "'from' must be earlier than 'to', or else than now.")
    asked = Asked(
        from_at=body.from_at,
        before_at=before_at,
        after=body.cursor,
        limit=body.limit,
    )
    with placed_below("/document"), placed_in(document):
        found = await what_if(resources, environment_id, document, asked)
    return answer_to(request, _document(workflow_id, found))


def _document(workflow_id: WorkflowId, answer: Answer) -> WhatIfDocument:
    found, place = answer.found, answer.next_place
    matched = BothDocument(before=found.before[Reason.MATCHED], after=found.after[Reason.MATCHED])
    hours = answer.span_s / _HOUR_S
    return {
        "workflow_id": str(workflow_id),
        "from_version": answer.from_version,
        "is_same": not found.plans and not any(each.count for each in found.changes.values()),
        "looked_at": found.looked_at,
        "span_s": answer.span_s,
        "matched": matched,
        "per_hour": None
        if not hours
        else {"before": matched["before"] / hours, "after": matched["after"] / hours},
        "reasons": {"before": _counts(found.before), "after": _counts(found.after)},
        "newly_matched": _changes(found.changes[Kind.NEWLY_MATCHED]),
        "no_longer_matched": _changes(found.changes[Kind.NO_LONGER_MATCHED]),
        "newly_failing": _changes(found.changes[Kind.NEWLY_FAILING]),
        "plans_compared": found.plans_compared,
        "plans": [
            {"steps": [_step(step) for step in steps], "event_keys": [str(key) for key in keys]}
            for steps, keys in found.plans.items()
        ],
        "next_cursor": None if place is None else cursor_after(place),
    }


def _counts(reasons: dict[Reason, int]) -> dict[str, int]:
    return {reason.value: count for reason, count in reasons.items()}


def _changes(changes: Changes) -> ChangedEventsDocument:
    return {
        "count": changes.count,
        "reasons": _counts(changes.reasons),
        "sample": [_event(changed) for changed in changes.sample],
    }


def _event(changed: Changed) -> ChangedEventDocument:
    event = changed.event
    return {
        "event_key": str(event.key),
        "event_type": event.type,
        "received_at": stamp(event.received_at),
        "before": _why(changed.before),
        "after": _why(changed.after),
    }


def _why(explained: Explained) -> WhyDocument:
    return {"reason": explained.decision.reason, "detail": Payload(explained.detail)}


def _step(step: ChangedStep) -> ChangedStepDocument:
    return {
        "id": step.id,
        "before": None if step.before is None else step.before.value,
        "after": None if step.after is None else step.after.value,
        "has_other_input": step.has_other_input,
    }


ROUTES: Final = (
    Route(
        *("POST", "/v1/workflows/{id}/what-if", ask, READ_PAYLOADS),
        body=Body(model=WhatIfRequest, media=JSON | YAML),
        answers={200: WhatIfDocument},
    ),
)
