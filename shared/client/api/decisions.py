"""The routes of decisions: why events did, or did not, start workflows.

Made by ``make client``.
"""

from datetime import datetime
from uuid import UUID

from shared.client.asked import Asked, path_of, query_of
from shared.wire.documents.decisions import (
    DecisionCountsDocument,
    DecisionsDocument,
    NearMissesDocument,
)


def list_of_event(
    id_: str,
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    source: str | None = None,
    workflow_id: UUID | str | None = None,
    reason: str | None = None,
    near_misses: bool | None = None,
) -> Asked[DecisionsDocument]:
    """The decision on each workflow that awaited the event; of a page, near misses first."""
    return Asked(
        method="GET",
        path=path_of("v1/events/{id}/decisions", id_),
        query=query_of(
            environment_id=environment_id,
            limit=limit,
            cursor=cursor,
            source=source,
            workflow_id=workflow_id,
            reason=reason,
            near_misses=near_misses,
        ),
    )


def count(
    id_: UUID | str,
    *,
    environment_id: UUID | str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
) -> Asked[DecisionCountsDocument]:
    """How often events came to which decision on a workflow, and the last event of each."""
    return Asked(
        method="GET",
        path=path_of("v1/workflows/{id}/decisions", id_),
        query=query_of(environment_id=environment_id, from_=from_, to=to),
    )


def list_near_misses(
    id_: UUID | str, *, environment_id: UUID | str | None = None, last: int | None = None
) -> Asked[NearMissesDocument]:
    """Of the last events that its triggers name, those that all conditions but one let in."""
    return Asked(
        method="GET",
        path=path_of("v1/workflows/{id}/near-misses", id_),
        query=query_of(environment_id=environment_id, last=last),
    )
