"""API keys, as they are shown."""

from typing_extensions import TypedDict

from shared.domain.principals import Scope
from shared.wire.documents.parts import Id, Time


class KeyDocument(TypedDict):
    """A key without its secret."""

    id: Id
    environment_id: Id
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: Time
    created_by: str
    expires_at: Time | None
    last_used_at: Time | None
    revoked_at: Time | None


class IssuedDocument(KeyDocument):
    """A new key with its secret, which is told this once."""

    secret: str
