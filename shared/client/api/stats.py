"""The native route that tells what happened in an environment, in numbers.

Made by ``make client``.
"""

from datetime import datetime
from uuid import UUID

from shared.client.asked import Asked, query_of
from shared.wire.documents.stats import StatsDocument


def get(
    *,
    environment_id: UUID | str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    workflow_id: UUID | str | None = None,
) -> Asked[StatsDocument]:
    """Executions by status, workflow and time, how long they took, events, waits, dead letters."""
    return Asked(
        method="GET",
        path="v1/stats",
        query=query_of(environment_id=environment_id, from_=from_, to=to, workflow_id=workflow_id),
    )
