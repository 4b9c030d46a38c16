"""The native routes of steps that wait: which do, and the answers of people.

Made by ``make client``.
"""

from uuid import UUID

from shared.client.asked import Asked, query_of
from shared.wire.documents.parts import Page
from shared.wire.documents.waits import WaitDocument


def list_(
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    kind: str | None = None,
    subject: str | None = None,
    execution_id: UUID | str | None = None,
    cursor: str | None = None,
) -> Asked[Page[WaitDocument]]:
    """A page of open waits, the oldest first."""
    return Asked(
        method="GET",
        path="v1/waits",
        query=query_of(
            environment_id=environment_id,
            limit=limit,
            kind=kind,
            subject=subject,
            execution_id=execution_id,
            cursor=cursor,
        ),
    )
