"""What archived events would do if a document took a workflow's place."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from services.api.http.pages import Place
from services.api.resources import ApiResources
from services.api.workflows.dry_run import examined
from services.api.workflows.foresee_execution import Seer
from services.api.workflows.registration import Registration
from services.api.workflows.what_if import Difference, WhatIf
from shared.db.events import list_latest
from shared.db.search import Found
from shared.db.workflows import get_workflow
from shared.domain.errors import Invalid
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId

EVENTS_MAX: Final = 1_000
WITHIN_S: Final = 8.0

_READ_AT_ONCE: Final = 50
_BEFORE_ALL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which events: the latest before ``before_at`` or a place, back to ``from_at`` (None: all)."""

    from_at: datetime | None
    before_at: datetime
    after: Place | None
    limit: int

    def is_in(self, received_at: datetime) -> bool:
        """Whether events that arrived then are asked about, as far back as they go."""
        return self.from_at is None or received_at >= self.from_at

    def then(self, page: Found[Event]) -> Place | None:
        """Where to go on after a page; None: no more of those that are asked about."""
        return page.after if page.after is not None and self.is_in(page.after[0]) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What differs from version ``from_version``, over ``span_s`` seconds of arrivals.

    ``next_place`` is where to go on; None: all was looked at.
    """

    from_version: int
    found: Difference
    span_s: float
    next_place: Place | None


async def what_if(
    resources: ApiResources, environment_id: EnvironmentId, document: Registration, asked: Asked
) -> Answer:
    """Decide on past events by the current version and by ``document``, the latest event first.

    A call is bounded in events and time, and says where it stopped. Raises NotFound, and Invalid
    with what the document would be refused for.
    """
    after, problems = await examined(resources, environment_id, document)
    if problems and not document.is_draft:
        raise Invalid(problems)
    async with resources.tenant(environment_id) as conn:
        before = await get_workflow(conn, document.workflow_id)
    if document.is_active is None:
        after = after.model_copy(update={"is_active": before.is_active})
    clock = resources.clock
    seer = Seer(resources.expressions, resources.new_token(), clock.now(), clock.monotonic)
    begun = partial(WhatIf, before, after, seer, resources.causation_depth_max)
    compared = await resources.computing.call(environment_id, begun)
    names = list(dict.fromkeys(before.definition.event_names + after.definition.event_names))
    begin = place = asked.after or (asked.before_at, _BEFORE_ALL)
    until_s, next_place = clock.monotonic() + WITHIN_S, None
    while wanted := min(_READ_AT_ONCE, asked.limit - compared.found.looked_at):
        async with resources.tenant(environment_id) as conn:
            page = await list_latest(conn, environment_id, names, before=place, limit=wanted)
        fitting = [event for event in page.items if asked.is_in(event.received_at)]
        taken = await resources.computing.run(environment_id, compared.add(fitting, until_s))
        next_place = _place(fitting[taken - 1]) if taken < len(fitting) else asked.then(page)
        place = next_place or (_place(fitting[-1]) if fitting else place)
        if next_place is None or clock.monotonic() >= until_s:
            break
    end = asked.from_at if next_place is None and asked.from_at is not None else place[0]
    return Answer(
        from_version=before.version,
        found=compared.found,
        span_s=max((begin[0] - end).total_seconds(), 0.0),
        next_place=next_place,
    )


def _place(event: Event) -> Place:
    return event.received_at, event.key
