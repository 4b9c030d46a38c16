"""Who asks for something, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NewType
from uuid import UUID

from shared.domain.ids import EnvironmentId
from shared.domain.preconditions import UNCONDITIONAL, Preconditions

OrganisationId = NewType("OrganisationId", UUID)


class Scope(StrEnum):
    """A kind of thing that may be done; every route asks for one, or is open to all.

    ``payloads`` is asked beside another: to see what events, inputs and outputs hold.
    """

    READ = "read"
    PAYLOADS = "payloads"
    PUBLISH = "publish"
    WORK = "work"
    OPERATE = "operate"
    AUTHOR = "author"
    ADMIN = "admin"


class Role(StrEnum):
    """A usual bundle of scopes; none of them shows payloads of itself."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    AUTHOR = "author"
    ADMIN = "admin"


_VIEWER: Final = frozenset({Scope.READ})
_OPERATOR: Final = _VIEWER | {Scope.PUBLISH, Scope.OPERATE}
_AUTHOR: Final = _OPERATOR | {Scope.AUTHOR}
SCOPES_OF: Final[Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.OPERATOR: _OPERATOR,
        Role.AUTHOR: _AUTHOR,
        Role.ADMIN: _AUTHOR | {Scope.WORK, Scope.ADMIN},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks, and for which environment.

    Without ``environment_id``: for any of ``organisation_id``; without that too: for any at all.
    """

    name: str
    scopes: frozenset[Scope]
    organisation_id: OrganisationId | None = None
    environment_id: EnvironmentId | None = None

    @property
    def counted_as(self) -> str:
        """What their limits are counted by: the same name elsewhere has limits of its own."""
        return f"{self.environment_id or self.organisation_id}/{self.name}"

    def may(self, scope: Scope) -> bool:
        """Whether they have the scope."""
        return scope in self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A request's Idempotency-Key, as a digest of it and of who asks; ``holder`` is the request."""

    environment_id: EnvironmentId
    key: bytes
    holder: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who changes something, in which environment, with which request.

    ``held`` is the request's key, ``preconditions`` what must be so for it to change a definition.
    """

    name: str
    environment_id: EnvironmentId
    request_id: str
    held: HeldKey | None = None
    preconditions: Preconditions = UNCONDITIONAL
