"""The native routes of actions: those of every installation, and those an environment registers.

Made by ``make client``.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.client.asked import Asked, path_of, query_of
from shared.wire.documents.actions import ActionDocument, ActionPage, BuiltInDocument
from shared.wire.documents.parts import Page


def list_(
    *, environment_id: UUID | str | None = None, limit: int | None = None, cursor: str | None = None
) -> Asked[ActionPage]:
    """A page in the order of names; the cursor is the last one."""
    return Asked(
        method="GET",
        path="v1/actions",
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )


def get(
    name: str, *, environment_id: UUID | str | None = None, version: int | None = None
) -> Asked[ActionDocument | BuiltInDocument | None]:
    """A version (``?version=``), or the latest."""
    return Asked(
        method="GET",
        path=path_of("v1/actions/{name}", name),
        query=query_of(environment_id=environment_id, version=version),
    )


def list_versions(
    name: str,
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: int | None = None,
) -> Asked[Page[ActionDocument]]:
    """A page of an action's versions, the latest first; the cursor is the last one."""
    return Asked(
        method="GET",
        path=path_of("v1/actions/{name}/versions", name),
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )


def put(
    name: str, document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[ActionDocument]:
    """200 with the action; 201 when there was none."""
    return Asked(
        method="PUT",
        path=path_of("v1/actions/{name}", name),
        query=query_of(environment_id=environment_id),
        body=document,
    )


def delete(name: str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204 once it is deleted."""
    return Asked(
        method="DELETE",
        path=path_of("v1/actions/{name}", name),
        query=query_of(environment_id=environment_id),
    )
