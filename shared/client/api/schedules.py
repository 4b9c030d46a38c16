"""The native routes of schedules: when workflows and steps are due, and ending those of steps.

Made by ``make client``.
"""

from uuid import UUID

from shared.client.asked import Asked, path_of, query_of
from shared.wire.documents.parts import Page
from shared.wire.documents.schedules import ScheduleDocument


def list_(
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    workflow_id: UUID | str | None = None,
    execution_id: UUID | str | None = None,
) -> Asked[Page[ScheduleDocument]]:
    """A page in the order in which they are due."""
    return Asked(
        method="GET",
        path="v1/schedules",
        query=query_of(
            environment_id=environment_id,
            limit=limit,
            cursor=cursor,
            workflow_id=workflow_id,
            execution_id=execution_id,
        ),
    )


def delete(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204; what it has started goes on. 409 for a schedule of a workflow itself."""
    return Asked(
        method="DELETE",
        path=path_of("v1/schedules/{id}", id_),
        query=query_of(environment_id=environment_id),
    )
