"""The native routes of keys: each is of one environment, and lets in until it ends.

Made by ``make client``.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.keys import IssuedDocument, KeyDocument
from shared.wire.documents.parts import Page


def create(
    *,
    name: str,
    role: str | None = None,
    scopes: Sequence[str] | None = None,
    expires_at: datetime | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[IssuedDocument]:
    """201 with the key and its secret, which is told this once."""
    return Asked(
        method="POST",
        path="v1/keys",
        query=query_of(environment_id=environment_id),
        body=body_of(name=name, role=role, scopes=scopes, expires_at=expires_at),
    )


def list_(
    *, environment_id: UUID | str | None = None, limit: int | None = None, cursor: str | None = None
) -> Asked[Page[KeyDocument]]:
    """A page in the order of creation, with those that have ended."""
    return Asked(
        method="GET",
        path="v1/keys",
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )


def get(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[KeyDocument]:
    """The key, without its secret."""
    return Asked(
        method="GET",
        path=path_of("v1/keys/{id}", id_),
        query=query_of(environment_id=environment_id),
    )


def rotate(
    id_: UUID | str, *, grace_s: float | None = None, environment_id: UUID | str | None = None
) -> Asked[IssuedDocument]:
    """201 with another key of the same name, and its secret, which is told this once."""
    return Asked(
        method="POST",
        path=path_of("v1/keys/{id}/rotate", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(grace_s=grace_s),
    )


def revoke(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204; the key lets nobody in from a few seconds later on."""
    return Asked(
        method="DELETE",
        path=path_of("v1/keys/{id}", id_),
        query=query_of(environment_id=environment_id),
    )
