"""The decisions on an event, of all the workflows that awaited it, a page at a time."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from services.api.events.changed_since import doubted
from services.api.events.explain_event import Named, find_named
from services.api.events.judged import Judged, judged, judged_absent
from services.api.http.pages import Place
from services.api.resources import ApiResources
from shared.db.candidates import Candidate, list_candidates
from shared.db.overflows import list_overflows
from shared.db.search import bound_search
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Workflow
from shared.matching.decisions import Reason
from shared.matching.explain import Parts
from shared.matching.view import EventView

WITHIN_S: Final = 4.0
"""After so long a page ends, with what it has."""

LOOKED_AT_MAX: Final = 1_000
_READ_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which decisions are wanted; a workflow that is named is decided on, whatever it awaits."""

    reason: Reason | None = None
    workflow_id: WorkflowId | None = None
    only_near_misses: bool = False

    def has(self, one: Judged) -> bool:
        """Whether this one is."""
        if self.only_near_misses and not one.explained.is_near_miss:
            return False
        return self.reason in (None, one.explained.decision.reason)


@dataclass(slots=True, kw_only=True)
class Decisions:
    """Some of the decisions on an event; ``next_place`` is where the page ended, if more follow."""

    event: Event
    items: list[Judged] = field(default_factory=list)
    next_place: Place | None = None


async def list_decisions(
    resources: ApiResources,
    environment_id: EnvironmentId,
    named: Named,
    which: Which,
    *,
    after: Place | None,
    limit: int,
) -> Decisions:
    """Decisions in the order in which workflows were created; of a page, near misses come first.

    Workflows count as they were when the event arrived. A page is bounded in time and in what it
    looks at: it may hold few, or none, and have more follow. Raises NotFound for the event, and
    for a workflow that never was.
    """
    async with resources.tenant(environment_id) as conn:
        page = Decisions(event=await find_named(conn, environment_id, named))
        overflow = (await list_overflows(conn, [page.event.key])).get(page.event.key)
    judging = partial(judged, resources, EventView(page.event), overflow=overflow)
    looked_at, until_s = 0, resources.clock.monotonic() + WITHIN_S
    while True:
        async with resources.tenant(environment_id) as conn:
            await bound_search(conn)
            found = await list_candidates(
                conn, page.event, workflow_id=which.workflow_id, after=after, limit=_READ_AT_ONCE
            )
            if which.workflow_id is not None and not found:
                absent = await judged_absent(conn, page.event, which.workflow_id)
                page.items = [absent] if which.has(absent) else []
                break
        looking = _look(resources, judging, found, which, limit - len(page.items), until_s)
        items, count = await resources.computing.run(environment_id, looking)
        page.items += items
        looked_at += count
        if count == len(found) < _READ_AT_ONCE:
            break
        after = found[count - 1].place
        is_over = looked_at >= LOOKED_AT_MAX or resources.clock.monotonic() >= until_s
        if len(page.items) >= limit or is_over:
            page.next_place = after
            break
    page.items = await doubted(resources, environment_id, page.event, page.items)
    page.items.sort(key=lambda one: not one.explained.is_near_miss)
    return page


def _look(
    resources: ApiResources,
    judging: Callable[[Workflow], Parts[Judged]],
    candidates: Sequence[Candidate],
    which: Which,
    wanted: int,
    until_s: float,
) -> Generator[None, None, tuple[list[Judged], int]]:
    """Those that are wanted, and how many were looked at: one at least, where there is one."""
    items: list[Judged] = []
    for count, candidate in enumerate(candidates, 1):
        workflow = candidate.read()
        yield
        one = yield from judging(workflow)
        if which.has(one):
            items.append(one)
        if len(items) >= wanted or resources.clock.monotonic() >= until_s:
            return items, count
        yield
    return items, len(candidates)
