"""The native routes of secrets: what is put is used, and shown to nobody.

Made by ``make client``.
"""

from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.parts import Page
from shared.wire.documents.secrets import SecretDocument


def put(
    name: str, *, value: str, environment_id: UUID | str | None = None
) -> Asked[SecretDocument]:
    """200 with what is known of the secret; 201 when there was none."""
    return Asked(
        method="PUT",
        path=path_of("v1/secrets/{name}", name),
        query=query_of(environment_id=environment_id),
        body=body_of(value=value),
    )


def list_(
    *, environment_id: UUID | str | None = None, limit: int | None = None, cursor: str | None = None
) -> Asked[Page[SecretDocument]]:
    """A page in the order of names."""
    return Asked(
        method="GET",
        path="v1/secrets",
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )


def get(name: str, *, environment_id: UUID | str | None = None) -> Asked[SecretDocument]:
    """What is known of the secret, without its value."""
    return Asked(
        method="GET",
        path=path_of("v1/secrets/{name}", name),
        query=query_of(environment_id=environment_id),
    )


def delete(name: str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204; steps may still be sent with it for a few seconds."""
    return Asked(
        method="DELETE",
        path=path_of("v1/secrets/{name}", name),
        query=query_of(environment_id=environment_id),
    )
