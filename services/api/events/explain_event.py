"""Why an event did, or did not, start each workflow that awaits it."""

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.api.events.changed_since import doubted
from services.api.events.judged import Judged, judged, judged_absent
from services.api.events.send_event import SOURCE
from services.api.resources import ApiResources
from shared.db.candidates import Candidate, list_candidates
from shared.db.events import ConflictingRecord, get_event, list_conflicts
from shared.db.history import Execution, ExecutionFilter, search_executions
from shared.db.overflows import list_overflows
from shared.db.pool import Connection
from shared.db.search import bound_search
from shared.domain.errors import NotFound
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey, WorkflowId, as_uuid, event_key
from shared.matching.decisions import Overflow
from shared.matching.view import EventView

CANDIDATES_MAX: Final = 100
WITHIN_S: Final = 4.0
_CONFLICTS_MAX: Final = 20
_EXECUTIONS_MAX: Final = 200
_QUOTED_CHARS_MAX: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An event and what became of it; ``is_complete`` unless more workflows await it.

    It is not so either where it would take too long to decide on more.
    """

    event: Event
    conflicts: Sequence[ConflictingRecord]
    decisions: Sequence[Judged]
    is_complete: bool
    executions: Sequence[Execution]


class Named(NamedTuple):
    """An event as somebody calls it: by its key, or by its publisher's id, with that's source."""

    written: str
    source: str | None = None


async def explain_event(
    resources: ApiResources,
    environment_id: EnvironmentId,
    named: Named,
    workflow_id: WorkflowId | None,
) -> Explanation:
    """The event of that name, with a decision on each workflow that awaited it.

    Workflows count as they were when the event arrived; decisions are made anew, which gives the
    same as then, but where they changed soon after. With ``workflow_id`` that workflow is decided
    on, whatever it awaits, also where it was not there. Raises NotFound for the event, and for a
    workflow that never was.
    """
    async with resources.tenant(environment_id) as conn:
        event = await find_named(conn, environment_id, named)
        await bound_search(conn)
        candidates = await list_candidates(
            conn, event, workflow_id=workflow_id, limit=CANDIDATES_MAX + 1
        )
        decisions = []
        if workflow_id is not None and not candidates:
            decisions = [await judged_absent(conn, event, workflow_id)]
        overflow = (await list_overflows(conn, [event.key])).get(event.key)
        conflicts = await list_conflicts(conn, event.key, limit=_CONFLICTS_MAX)
        executions = await search_executions(
            conn,
            ExecutionFilter(environment_id=environment_id, event_key=event.key),
            limit=_EXECUTIONS_MAX,
        )
    shown = candidates[:CANDIDATES_MAX]
    deciding = _decide(event, shown, resources, overflow)
    decided = await resources.computing.run(environment_id, deciding)
    return Explanation(
        event=event,
        conflicts=conflicts,
        decisions=[*decisions, *await doubted(resources, environment_id, event, decided)],
        is_complete=len(candidates) == len(decided),
        executions=executions.items,
    )


async def find_named(conn: Connection, environment_id: EnvironmentId, named: Named) -> Event:
    """The archived event of that name; what may be a key is one first. Raises NotFound."""
    for key in _keys_of(named, environment_id):
        with suppress(NotFound):
            return await get_event(conn, key)
    written = named.written[:_QUOTED_CHARS_MAX]
    if named.source is not None:
        told = f"'{named.source[:_QUOTED_CHARS_MAX]}' has sent no event '{written}', or it is"
    else:
        told = f"There is no event '{written}', or it is"
    raise NotFound(
        f"{told} no longer kept. Give the key of an event, or the id that its publisher gave it and"
        " the source; GET /v1/events (turnout event list) has both."
    )


def _keys_of(named: Named, environment_id: EnvironmentId) -> list[EventKey]:
    published = event_key(environment_id, named.source or SOURCE, named.written)
    parsed = as_uuid(named.written) if named.source is None else None
    return [published] if parsed is None else [EventKey(parsed), published]


def _decide(
    event: Event,
    candidates: Sequence[Candidate],
    resources: ApiResources,
    overflow: Overflow | None,
) -> Generator[None, None, list[Judged]]:
    """Decide for a while, on one workflow at least."""
    view, until_s = EventView(event), resources.clock.monotonic() + WITHIN_S
    decisions: list[Judged] = []
    for candidate in candidates:
        if decisions and resources.clock.monotonic() >= until_s:
            break
        workflow = candidate.read()
        yield
        decisions.append((yield from judged(resources, view, workflow, overflow)))
        yield
    return decisions
