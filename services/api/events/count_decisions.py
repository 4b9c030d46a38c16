"""How often a workflow was decided on, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.api.resources import ApiResources
from shared.db import decision_counts
from shared.db.decision_counts import ReasonCount
from shared.db.workflows import get_workflow
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.matching.rules import WILDCARD, is_named


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCounts:
    """Of ``events`` that the workflow's triggers name, as they are now, so many came to what."""

    events: int
    reasons: Sequence[ReasonCount]

    @property
    def ruled_out(self) -> int:
        """Those on which no decision was made."""
        return max(0, self.events - sum(reason.count for reason in self.reasons))


async def count_decisions(
    resources: ApiResources,
    environment_id: EnvironmentId,
    workflow_id: WorkflowId,
    first: date,
    last: date,
) -> DecisionCounts:
    """What the matchers have counted on the days from one to another. Raises NotFound."""
    async with resources.tenant(environment_id) as conn:
        workflow = await get_workflow(conn, workflow_id)
        names = _apart(workflow.definition.event_names)
        return DecisionCounts(
            events=await decision_counts.count_events(conn, environment_id, names, first, last),
            reasons=await decision_counts.count_decisions(conn, workflow_id, first, last),
        )


def _apart(names: Sequence[str]) -> list[str]:
    """The names without those that another covers: what both name would be counted twice."""
    return [
        name
        for name in dict.fromkeys(names)
        if not any(_covers(other, name) for other in names if other != name)
    ]


def _covers(other: str, name: str) -> bool:
    return other.endswith(WILDCARD) and is_named(name.removesuffix(WILDCARD), other)
