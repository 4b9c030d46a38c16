"""The native routes of webhook subscriptions, and of what is delivered to them.

Made by ``make client``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.parts import Page
from shared.wire.documents.subscriptions import (
    DeliveryDocument,
    ReplayedDocument,
    SubscribedDocument,
    SubscriptionDocument,
)


def create(
    *,
    name: str,
    url: str,
    kinds: Sequence[str],
    workflow_id: UUID | str | None = None,
    filters: Any = None,
    format_: str | None = None,
    signing: str | None = None,
    headers: Mapping[str, Any] | None = None,
    is_active: bool | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[SubscribedDocument]:
    """201 with the subscription and its secret, which is told this once."""
    return Asked(
        method="POST",
        path="v1/webhook-subscriptions",
        query=query_of(environment_id=environment_id),
        body=body_of(
            name=name,
            url=url,
            kinds=kinds,
            workflow_id=workflow_id,
            filters=filters,
            format_=format_,
            signing=signing,
            headers=headers,
            is_active=is_active,
        ),
    )


def list_(
    *, environment_id: UUID | str | None = None, limit: int | None = None, cursor: str | None = None
) -> Asked[Page[SubscriptionDocument]]:
    """A page in the order of creation."""
    return Asked(
        method="GET",
        path="v1/webhook-subscriptions",
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )


def get(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[SubscriptionDocument]:
    """The subscription, without its secret."""
    return Asked(
        method="GET",
        path=path_of("v1/webhook-subscriptions/{id}", id_),
        query=query_of(environment_id=environment_id),
    )


def change(
    id_: UUID | str,
    *,
    name: str | None = None,
    url: str | None = None,
    kinds: Sequence[str] | None = None,
    workflow_id: UUID | str | None = None,
    filters: Any = None,
    headers: Mapping[str, Any] | None = None,
    is_active: bool | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[SubscriptionDocument]:
    """The subscription with what was given in place of its own."""
    return Asked(
        method="PATCH",
        path=path_of("v1/webhook-subscriptions/{id}", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(
            name=name,
            url=url,
            kinds=kinds,
            workflow_id=workflow_id,
            filters=filters,
            headers=headers,
            is_active=is_active,
        ),
    )


def delete(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204; what was to be delivered is gone as well."""
    return Asked(
        method="DELETE",
        path=path_of("v1/webhook-subscriptions/{id}", id_),
        query=query_of(environment_id=environment_id),
    )


def rotate(
    id_: UUID | str, *, overlap_hours: int | None = None, environment_id: UUID | str | None = None
) -> Asked[SubscribedDocument]:
    """The subscription with a new secret, told this once; both sign while they overlap."""
    return Asked(
        method="POST",
        path=path_of("v1/webhook-subscriptions/{id}/rotate", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(overlap_hours=overlap_hours),
    )


def try_out(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[DeliveryDocument]:
    """202 with the delivery of a message that says nothing; it is attempted once, soon."""
    return Asked(
        method="POST",
        path=path_of("v1/webhook-subscriptions/{id}/test", id_),
        query=query_of(environment_id=environment_id),
    )


def send_again(
    id_: UUID | str,
    *,
    delivery_id: UUID | str | None = None,
    since: datetime | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[ReplayedDocument]:
    """202: they are due again, at once, each under the same id as before."""
    return Asked(
        method="POST",
        path=path_of("v1/webhook-subscriptions/{id}/replay", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(delivery_id=delivery_id, since=since),
    )


def list_some(
    id_: UUID | str,
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    status: str | None = None,
) -> Asked[Page[DeliveryDocument]]:
    """A page of what was, and is to be, delivered, the latest first."""
    return Asked(
        method="GET",
        path=path_of("v1/webhook-subscriptions/{id}/deliveries", id_),
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor, status=status),
    )
