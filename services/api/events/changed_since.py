"""Decisions that may have been others when the matcher came to the event."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from services.api.events.judged import Judged
from services.api.resources import ApiResources
from shared.db.workflow_changes import list_unstarted
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, execution_id

LATE: Final = timedelta(minutes=15)
"""After its arrival the matcher has come to an event, unless it lags very much."""

_CAUSE: Final = (
    "It matches as it was when the event arrived, and has started nothing: it was changed or set"
    " aside soon after, and the matcher decides by what there is when it comes to the event."
)


async def doubted(
    resources: ApiResources, environment_id: EnvironmentId, event: Event, decided: Sequence[Judged]
) -> list[Judged]:
    """The same decisions; those say so that match, while nothing was started, and may not have."""
    matching = [one.explained.decision for one in decided if one.explained.decision.is_match]
    if not matching:
        return [*decided]
    started = {one.workflow_id: execution_id(one.workflow_id, event.key) for one in matching}
    arrived_at = event.received_at
    async with resources.tenant(environment_id) as conn:
        unstarted = await list_unstarted(conn, started, arrived_at, arrived_at + LATE)
    return [_doubted(one) if _id(one) in unstarted else one for one in decided]


def _id(one: Judged) -> object:
    return one.explained.decision.workflow_id


def _doubted(one: Judged) -> Judged:
    decision = replace(one.explained.decision, cause=_CAUSE)
    return one._replace(explained=replace(one.explained, decision=decision))
