"""Secrets, as they are shown: without their values."""

from typing_extensions import TypedDict

from shared.wire.documents.parts import Id, Time


class SecretDocument(TypedDict):
    """What is known of a secret; ``key_id`` names the key of the ring that it is under."""

    name: str
    environment_id: Id
    version: int
    key_id: str
    created_at: Time
    created_by: str
    updated_at: Time
    updated_by: str
