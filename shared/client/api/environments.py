"""The native routes of environments, of the caller's organisation.

Made by ``make client``.
"""

from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.environments import EnvironmentDocument
from shared.wire.documents.parts import Page


def create(
    *, name: str, id_: UUID | str | None = None, organisation: str | None = None
) -> Asked[EnvironmentDocument]:
    """201 with the environment."""
    return Asked(
        method="POST",
        path="v1/environments",
        query=query_of(),
        body=body_of(name=name, id_=id_, organisation=organisation),
    )


def list_(
    *, limit: int | None = None, cursor: str | None = None
) -> Asked[Page[EnvironmentDocument]]:
    """A page in the order of creation."""
    return Asked(method="GET", path="v1/environments", query=query_of(limit=limit, cursor=cursor))


def get(id_: UUID | str) -> Asked[EnvironmentDocument]:
    """The environment."""
    return Asked(method="GET", path=path_of("v1/environments/{id}", id_), query=query_of())
