"""Webhooks, as they are shown: without their addresses, which are secrets."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.workflows import Lifecycle
from shared.wire.documents.parts import Id, Time


class ShownDocument(TypedDict):
    """What a sender must show beside the address."""

    header: str
    secret: Annotated[str, Field(description="The name of the secret whose value it shows.")]


class WebhookDocument(TypedDict):
    """A webhook of a workflow."""

    workflow_id: Id
    workflow_name: str
    lifecycle: Lifecycle
    trigger_id: str
    made_at: Annotated[Time, Field(description="When it got the address that it has.")]
    is_active: Annotated[bool, Field(description="Whether what is sent there starts anything.")]
    auth: Annotated[ShownDocument | None, Field(description="null: the address is enough.")]
