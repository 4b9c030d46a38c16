"""What Truto's routes answer."""

from typing import Annotated, Any, Generic, Literal, NotRequired, TypeVar

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from services.api.dialects.truto.run_statuses import RunStatus
from shared.wire.documents.parts import Data, Id, Time

D = TypeVar("D")


class TrutoPage(TypedDict, Generic[D]):
    """Some of a list, and the cursors that ask for what follows, and for what came before."""

    result: list[D]
    next_cursor: str | None
    prev_cursor: str | None


@with_config(ConfigDict(extra="allow"))
class TrutoWorkflowDocument(TypedDict):
    """A workflow as it was sent, whatever it said, with what the server says of it."""

    id: Id
    environment_id: Id
    label: NotRequired[str | None]
    trigger_name: NotRequired[str | None]
    config: dict[str, Any]
    created_at: Time
    updated_at: Time


class TrutoDeleted(TypedDict):
    """What was deleted."""

    id: Id


class TrutoRunStep(TypedDict):
    """A step of a run that has ended; ``skipped``: it was passed over, which is no failure."""

    type: Literal["run"]
    action: str | None
    success: bool
    skipped: NotRequired[bool]
    result: Data
    error: NotRequired[Data]


class TrutoRunResult(TypedDict):
    """What a run came to; a list of runs leaves its steps out."""

    success: bool
    error: NotRequired[Data]
    steps: NotRequired[list[TrutoRunStep]]


class TrutoRun(TypedDict):
    """A run."""

    id: Id
    workflow_id: Id
    environment_id: Id
    status: RunStatus
    result: Annotated[TrutoRunResult | None, Field(description="null: it goes on.")]
    error: Annotated[Any, Field(description="Why it failed, a text; it may quote payloads.")]
    retry_attempt: Annotated[
        int, Field(description="How often the step was tried again that was so most often.")
    ]
    started_at: Time
    finished_at: Time | None
    created_at: Time
    updated_at: Time


class TrutoWebhook(TypedDict):
    """Who is told of which events."""

    id: Id
    environment_id: Id
    label: str
    target_url: str
    event_types: list[str]
    is_active: bool
    created_at: Time
    updated_at: Time


class TrutoWebhookCreated(TrutoWebhook):
    """A new one with the secret that signs, told this once."""

    secret: str


class TrutoWebhookTest(TypedDict):
    """Whether a message has arrived; ``id`` is that of its body, ``pending``: nobody knows yet."""

    success: bool
    webhook_id: Id
    id: str
    status: Literal["pending", "delivered", "failed"]
    error: NotRequired[str]
