"""The native routes of event types: those that an environment registers.

Made by ``make client``.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.client.asked import Asked, path_of, query_of
from shared.wire.documents.event_types import EventTypeDocument
from shared.wire.documents.parts import Page


def list_(
    *, environment_id: UUID | str | None = None, limit: int | None = None, cursor: str | None = None
) -> Asked[Page[EventTypeDocument]]:
    """A page in the order of names; the cursor is the last one."""
    return Asked(
        method="GET",
        path="v1/event-types",
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )


def get(
    name: str, *, environment_id: UUID | str | None = None, version: int | None = None
) -> Asked[EventTypeDocument | None]:
    """The event type of a name, as it is now or was in ``?version=``."""
    return Asked(
        method="GET",
        path=path_of("v1/event-types/{name}", name),
        query=query_of(environment_id=environment_id, version=version),
    )


def list_versions(
    name: str,
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: int | None = None,
) -> Asked[Page[EventTypeDocument]]:
    """A page of an event type's versions, the latest first; the cursor is the last one."""
    return Asked(
        method="GET",
        path=path_of("v1/event-types/{name}/versions", name),
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )


def put(
    name: str, document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[EventTypeDocument]:
    """200 with the event type; 201 when there was none."""
    return Asked(
        method="PUT",
        path=path_of("v1/event-types/{name}", name),
        query=query_of(environment_id=environment_id),
        body=document,
    )


def delete(name: str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204 once it is deleted."""
    return Asked(
        method="DELETE",
        path=path_of("v1/event-types/{name}", name),
        query=query_of(environment_id=environment_id),
    )
