"""The routes of decisions: why events did, or did not, start workflows."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from services.api.events.count_decisions import count_decisions
from services.api.events.explain_event import Named
from services.api.events.list_decisions import Which, list_decisions
from services.api.events.near_misses import Counted, NearMiss, find_near_misses
from services.api.events.render_decision import render_explained, render_failure
from services.api.http.bodies import answer
from services.api.http.pages import cursor_after
from services.api.http.parameters import id_in_path
from services.api.http.payloads import answer_to
from services.api.http.problems import BAD_PARAMETER
from services.api.http.query_strings import (
    Id,
    InEnvironment,
    Moment,
    PageQuery,
    Text,
    Whole,
    any_case,
)
from services.api.http.route import READ, Route, query_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from shared.db.decision_counts import ReasonCount
from shared.domain.ids import WorkflowId
from shared.matching.decisions import Reason
from shared.wire.documents.decisions import (
    DecisionCountsDocument,
    DecisionsDocument,
    NearMissDocument,
    NearMissesDocument,
    ReasonCountDocument,
)
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

EVENTS_DEFAULT: Final = 100
EVENTS_MAX: Final = 1_000
DAYS_DEFAULT: Final = 7
DAYS_MAX: Final = 31

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class DecisionsQuery(PageQuery):
    """Which event it is, and which of the decisions on it are wanted."""

    source: Text | None = Field(None, description="Of an event that is named by its own id.")
    workflow_id: Id[WorkflowId] | None = Field(None, description="Whatever it awaits.")
    reason: Annotated[Reason, any_case(Reason)] | None = None
    near_misses: bool = Field(False, description="Only those of which one condition failed.")


class NearMissesQuery(InEnvironment):
    """How many events are looked at."""

    last: Annotated[Whole, Field(ge=1, le=EVENTS_MAX)] = Field(
        EVENTS_DEFAULT, description="The last so many that its triggers name."
    )


class CountsQuery(InEnvironment):
    """Which days are counted, in UTC: the last 7 unless it says so."""

    from_at: Moment | None = Field(None, alias="from", description="On its day or later.")
    to_at: Moment | None = Field(None, alias="to", description="On its day or before; now.")


async def list_of_event(request: web.Request) -> web.Response:
    """The decision on each workflow that awaited the event; of a page, near misses first."""
    query, environment_id = query_of(request, DecisionsQuery), await environment_of(request)
    found = await list_decisions(
        request.app[RESOURCES],
        environment_id,
        Named(request.match_info["id"], query.source),
        Which(
            reason=query.reason, workflow_id=query.workflow_id, only_near_misses=query.near_misses
        ),
        after=query.cursor,
        limit=query.limit,
    )
    document: DecisionsDocument = {
        "event_key": str(found.event.key),
        "event": found.event.type,
        "items": [render_explained(each, found.event) for each in found.items],
        "next_cursor": None if found.next_place is None else cursor_after(found.next_place),
    }
    return answer_to(request, document)


async def list_near_misses(request: web.Request) -> web.Response:
    """Of the last events that its triggers name, those that all conditions but one let in."""
    query, environment_id = query_of(request, NearMissesQuery), await environment_of(request)
    workflow_id = WorkflowId(id_in_path(request))
    found = await find_near_misses(request.app[RESOURCES], environment_id, workflow_id, query.last)
    misses = sorted(found.by_condition.values(), key=lambda miss: -miss.count)
    document: NearMissesDocument = {
        "workflow_id": str(workflow_id),
        "workflow_version": found.workflow.version,
        "events": found.events,
        "matched": found.matched,
        "nearly": sum(miss.count for miss in misses),
        "is_complete": found.is_complete,
        "reasons": [_last(reason, each) for reason, each in found.by_reason.items()],
        "near_misses": [_near_miss(miss) for miss in misses],
    }
    return answer_to(request, document)


async def count(request: web.Request) -> web.Response:
    """How often events came to which decision on a workflow, and the last event of each."""
    query, environment_id = query_of(request, CountsQuery), await environment_of(request)
    resources, workflow_id = request.app[RESOURCES], WorkflowId(id_in_path(request))
    last = max(query.to_at or resources.clock.now(), _EARLIEST).date()
    first = last - timedelta(days=DAYS_DEFAULT - 1)
    if query.from_at is not None:
        first = query.from_at.date()
    if not timedelta() <= last - first < timedelta(days=DAYS_MAX):
        detail = f"The span must end after it begins, and have at most {DAYS_MAX} days."
        raise invalid("/query/from", BAD_PARAMETER, detail)
    found = await count_decisions(resources, environment_id, workflow_id, first, last)
    document: DecisionCountsDocument = {
        "workflow_id": str(workflow_id),
        "from_on": first.isoformat(),
        "to_on": last.isoformat(),
        "events": found.events,
        "ruled_out": found.ruled_out,
        "reasons": [_reason(each) for each in found.reasons],
    }
    return answer(document)


def _near_miss(miss: NearMiss) -> NearMissDocument:
    return {
        "count": miss.count,
        "failure": render_failure(miss.failed),
        "event_key": str(miss.event.key),
        "received_at": stamp(miss.event.received_at),
    }


def _last(reason: Reason, counted: Counted) -> ReasonCountDocument:
    event = counted.event
    return _reason(
        ReasonCount(
            reason=reason, count=counted.count, event_key=event.key, event_at=event.received_at
        )
    )


def _reason(counted: ReasonCount) -> ReasonCountDocument:
    return {
        "reason": Reason(counted.reason),
        "count": counted.count,
        "event_key": str(counted.event_key),
        "event_received_at": stamp(counted.event_at),
    }


ROUTES: Final = (
    Route(
        *("GET", "/v1/events/{id}/decisions", list_of_event, READ),
        query=DecisionsQuery,
        answers={200: DecisionsDocument},
    ),
    Route(
        *("GET", "/v1/workflows/{id}/decisions", count, READ),
        query=CountsQuery,
        answers={200: DecisionCountsDocument},
    ),
    Route(
        *("GET", "/v1/workflows/{id}/near-misses", list_near_misses, READ),
        query=NearMissesQuery,
        answers={200: NearMissesDocument},
    ),
)
