"""Why an event did, or did not, start a workflow."""

from dataclasses import replace
from enum import StrEnum

from shared.domain.causes import depth_of
from shared.domain.events import Event
from shared.domain.frozen import frozen
from shared.domain.ids import WorkflowId
from shared.matching.clauses import Clause

DEPTH_MAX = 16
"""How many executions may stand between a publisher's event and one that starts another."""

MATCHES_MAX = 1_000
"""How many workflows one event may start."""


class Reason(StrEnum):
    """The one thing that decided."""

    MATCHED = "MATCHED"
    NO_TRIGGER = "NO_TRIGGER"
    INACTIVE = "INACTIVE"
    DRAFT = "DRAFT"
    OTHER_ENVIRONMENT = "OTHER_ENVIRONMENT"
    FILTER_FALSE = "FILTER_FALSE"
    FILTER_ERROR = "FILTER_ERROR"
    RUN_IF_FALSE = "RUN_IF_FALSE"
    RUN_IF_UNDEFINED = "RUN_IF_UNDEFINED"
    RUN_IF_ERROR = "RUN_IF_ERROR"
    LOOP_GUARD = "LOOP_GUARD"
    TOO_MANY_MATCHES = "TOO_MANY_MATCHES"
    QUARANTINED = "QUARANTINED"
    NOT_MADE_YET = "NOT_MADE_YET"


@frozen
class Decision:
    """The verdict on one event and one workflow; ``cause`` is what there is to say about it.

    ``exceeded`` is the code of the bound that the workflow's condition has passed.
    """

    workflow_id: WorkflowId
    workflow_version: int
    reason: Reason
    cause: Clause | str | None = None
    exceeded: str | None = None

    @property
    def is_match(self) -> bool:
        """Whether the event starts the workflow."""
        return self.reason is Reason.MATCHED

    @property
    def detail(self) -> str | None:
        """A sentence for the workflow's author; put into words only when somebody asks."""
        return None if self.cause is None else str(self.cause)


@frozen
class Overflow:
    """An event that ``matched`` more workflows than it may start, which was ``started``.

    Workflows are decided in the order of their ids: from ``first_left_out`` on none is started.
    """

    started: int
    matched: int
    first_left_out: WorkflowId


def guarded(decision: Decision, event: Event, depth_max: int) -> Decision:
    """``decision``, unless the event stands so deep in a chain that it starts nothing any more."""
    depth = depth_of(event)
    if depth <= depth_max or not decision.is_match:
        return decision
    cause = (
        f"Loop guard: {depth} executions stand between a publisher's event and this one;"
        f" an event starts nothing after more than {depth_max}."
    )
    return replace(decision, reason=Reason.LOOP_GUARD, cause=cause)


def within(decision: Decision, overflow: Overflow) -> Decision:
    """``decision``, unless the event had started enough before it came to this workflow."""
    if not decision.is_match or decision.workflow_id < overflow.first_left_out:
        return decision
    cause = (
        f"It matched, as {overflow.matched:,} workflows did; the event starts {overflow.started:,}"
        " of them, the first by their ids. Narrow the filters of those that await it, or raise"
        " TURNOUT_MATCHES_MAX; a replay of the event starts this one after all."
    )
    return replace(decision, reason=Reason.TOO_MANY_MATCHES, cause=cause)
