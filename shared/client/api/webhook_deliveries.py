"""The native routes of webhook subscriptions, and of what is delivered to them.

Made by ``make client``.
"""

from uuid import UUID

from shared.client.asked import Asked, path_of, query_of
from shared.wire.documents.subscriptions import AttemptedDocument


def get_one(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[AttemptedDocument]:
    """A delivery with its latest attempts."""
    return Asked(
        method="GET",
        path=path_of("v1/webhook-deliveries/{id}", id_),
        query=query_of(environment_id=environment_id),
    )
