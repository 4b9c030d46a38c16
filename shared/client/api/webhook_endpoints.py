"""The native routes of endpoints: addresses that make events of what others send.

Made by ``make client``.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.client.asked import Asked, path_of, query_of
from shared.wire.documents.parts import Page
from shared.wire.documents.webhooks import AddressedDocument, EndpointDocument


def create(
    document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[AddressedDocument]:
    """201 with the endpoint and its address, which is told this once."""
    return Asked(
        method="POST",
        path="v1/webhook-endpoints",
        query=query_of(environment_id=environment_id),
        body=document,
    )


def list_(
    *, environment_id: UUID | str | None = None, limit: int | None = None, cursor: str | None = None
) -> Asked[Page[EndpointDocument]]:
    """A page in the order of creation."""
    return Asked(
        method="GET",
        path="v1/webhook-endpoints",
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )


def get(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[EndpointDocument | None]:
    """The endpoint, without its address."""
    return Asked(
        method="GET",
        path=path_of("v1/webhook-endpoints/{id}", id_),
        query=query_of(environment_id=environment_id),
    )


def put(
    id_: UUID | str, document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[EndpointDocument]:
    """200 with the endpoint as it now is; its address stays."""
    return Asked(
        method="PUT",
        path=path_of("v1/webhook-endpoints/{id}", id_),
        query=query_of(environment_id=environment_id),
        body=document,
    )


def rotate(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[AddressedDocument]:
    """200 with the endpoint and its new address, told this once; the old one is nobody's."""
    return Asked(
        method="POST",
        path=path_of("v1/webhook-endpoints/{id}/rotate", id_),
        query=query_of(environment_id=environment_id),
    )


def delete(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204; its address is nobody's."""
    return Asked(
        method="DELETE",
        path=path_of("v1/webhook-endpoints/{id}", id_),
        query=query_of(environment_id=environment_id),
    )
