"""Webhooks and endpoints, as they are shown: without their addresses, which are secrets."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.webhooks import WebhookAuth
from shared.domain.workflows import Lifecycle
from shared.wire.documents.parts import Id, Time, json_of

Shown = Annotated[
    Any,
    json_of(WebhookAuth | None),
    Field(description="What a sender must show beside the address; null: the address is enough."),
]

KeptShown = Annotated[
    list[str], Field(description="Headers that its events have beside those they always have.")
]


class WebhookDocument(TypedDict):
    """A webhook of a workflow."""

    workflow_id: Id
    workflow_name: str
    lifecycle: Lifecycle
    trigger_id: str
    made_at: Annotated[Time, Field(description="When it got the address that it has.")]
    is_active: Annotated[bool, Field(description="Whether what is sent there starts anything.")]
    auth: Shown
    keep_raw: Annotated[bool, Field(description="Whether its events have the body as it came.")]
    keep_headers: KeptShown


class EndpointFields(TypedDict):
    """What becomes of what is sent to an endpoint."""

    name: str
    event_type: str | None
    event_type_from: Annotated[str | None, Field(description="JSONata that comes to the type.")]
    source: Annotated[str | None, Field(description="null: the endpoint's own.")]
    subject_from: Annotated[str | None, Field(description="JSONata that comes to the subject.")]
    auth: Shown
    keep_raw: bool
    keep_headers: KeptShown
    is_active: bool


class EndpointDocument(EndpointFields):
    """An address of an environment, that makes events of what is sent there."""

    id: Id
    environment_id: Id
    created_by: str
    created_at: Time
    updated_at: Time
    address_made_at: Annotated[Time, Field(description="When it got the address that it has.")]


class AddressedDocument(EndpointDocument):
    """An endpoint whose address has just been made."""

    url: Annotated[str, Field(description="Its address, which nobody is told again.")]


class ChallengeDocument(TypedDict):
    """What Slack sends to a new address, said back."""

    challenge: str
