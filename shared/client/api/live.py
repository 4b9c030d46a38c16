"""The native routes of live updates: streams of events that a listener comes back to by an id.

Made by ``make client``.
"""

from uuid import UUID

from shared.client.asked import Asked, query_of
from shared.client.server_sent import Stream


def follow(
    *,
    environment_id: UUID | str | None = None,
    workflow_id: UUID | str | None = None,
    execution_id: UUID | str | None = None,
    kinds: str | None = None,
    after: str | None = None,
) -> Asked[Stream]:
    """What happens in the executions of an environment: events ``execution`` and ``step``.

    Whoever comes back with ``Last-Event-ID`` goes on after that event, and is told by ``reset``
    when something after it is no longer kept.
    """
    return Asked(
        method="GET",
        path="v1/live",
        query=query_of(
            environment_id=environment_id,
            workflow_id=workflow_id,
            execution_id=execution_id,
            kinds=kinds,
            after=after,
        ),
    )
