"""The native route of webhooks: which an environment has, without their addresses.

Made by ``make client``.
"""

from uuid import UUID

from shared.client.asked import Asked, query_of
from shared.wire.documents.parts import Page
from shared.wire.documents.webhooks import WebhookDocument


def list_(
    *, environment_id: UUID | str | None = None, limit: int | None = None, cursor: str | None = None
) -> Asked[Page[WebhookDocument]]:
    """A page in the order in which their workflows were created."""
    return Asked(
        method="GET",
        path="v1/webhooks",
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )
