"""Environments, as they are shown."""

from typing_extensions import TypedDict

from shared.wire.documents.parts import Id, Time


class EnvironmentDocument(TypedDict):
    """An environment of an organisation."""

    id: Id
    organisation_id: Id
    name: str
    created_at: Time
