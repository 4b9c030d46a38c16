"""The native route of the audit log: who changed what in an environment.

Made by ``make client``.
"""

from datetime import datetime
from uuid import UUID

from shared.client.asked import Asked, query_of
from shared.wire.documents.audit import ChangeDocument
from shared.wire.documents.parts import Page


def list_(
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    target: str | None = None,
    principal: str | None = None,
) -> Asked[Page[ChangeDocument]]:
    """A page of changes, the latest first."""
    return Asked(
        method="GET",
        path="v1/audit",
        query=query_of(
            environment_id=environment_id,
            limit=limit,
            cursor=cursor,
            from_=from_,
            to=to,
            target=target,
            principal=principal,
        ),
    )
