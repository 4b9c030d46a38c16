"""The events that nearly started a workflow."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from services.api.http.pages import Place
from services.api.resources import ApiResources
from shared.db.events import list_latest
from shared.db.workflows import get_workflow
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Workflow
from shared.matching.decisions import Reason
from shared.matching.explain import Failed, explaining_rule
from shared.matching.rules import Rule, compile_rule
from shared.matching.view import EventView

WITHIN_S: Final = 4.0
_READ_AT_ONCE: Final = 20


@dataclass(slots=True, kw_only=True)
class Counted:
    """So many events, and the last of them."""

    event: Event
    count: int = 0


@dataclass(slots=True, kw_only=True)
class NearMiss(Counted):
    """A condition that alone kept events out, as the last of them has it."""

    failed: Failed


@dataclass(slots=True, kw_only=True)
class NearMisses:
    """What became of the last events, as the workflow decides now."""

    workflow: Workflow
    events: int = 0
    matched: int = 0
    is_complete: bool = True
    by_reason: dict[Reason, Counted] = field(default_factory=dict)
    by_condition: dict[tuple[str, str | None], NearMiss] = field(default_factory=dict)


async def find_near_misses(
    resources: ApiResources, environment_id: EnvironmentId, workflow_id: WorkflowId, last: int
) -> NearMisses:
    """Decide anew on the ``last`` archived events that a workflow's triggers name.

    Its current version decides, be it active or not; a call is bounded in time. Raises NotFound.
    """
    async with resources.tenant(environment_id) as conn:
        found = NearMisses(workflow=await get_workflow(conn, workflow_id))
    compiled = partial(compile_rule, found.workflow.conditions, resources.expressions)
    rule = await resources.computing.call(environment_id, compiled)
    until_s = resources.clock.monotonic() + WITHIN_S
    before: Place | None = None
    while found.is_complete and (wanted := min(_READ_AT_ONCE, last - found.events)):
        async with resources.tenant(environment_id) as conn:
            page = await list_latest(
                conn, environment_id, rule.event_names, before=before, limit=wanted
            )
        counting = _count(resources, rule, page.items, found, until_s)
        await resources.computing.run(environment_id, counting)
        before = page.after
        if before is None:
            break
        if not page.items:  # what is named is rare: to look for it takes time as well
            found.is_complete = resources.clock.monotonic() < until_s
    return found


def _count(
    resources: ApiResources,
    rule: Rule,
    events: Sequence[Event],
    found: NearMisses,
    until_s: float,
) -> Generator[None, None, None]:
    """Count events until a time, one at least in all."""
    for event in events:
        if found.events and resources.clock.monotonic() >= until_s:
            found.is_complete = False
            return
        depth_max = resources.causation_depth_max
        explained = yield from explaining_rule(EventView(event), rule, depth_max=depth_max)
        found.events += 1
        found.matched += explained.decision.is_match
        # The latest event comes first, and stays the one that is shown.
        found.by_reason.setdefault(explained.decision.reason, Counted(event=event)).count += 1
        if explained.is_near_miss:
            [failed] = explained.failed
            known = found.by_condition.setdefault(
                (failed.pointer, failed.text), NearMiss(failed=failed, event=event)
            )
            known.count += 1
        yield
