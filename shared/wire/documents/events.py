"""Events, as they are sent and shown."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, RootModel
from typing_extensions import TypedDict

from shared.matching.decisions import Reason
from shared.wire.documents.executions import ExecutionDocument
from shared.wire.documents.parts import Data, Id, Time


class PlainEvent(TypedDict):
    """An event in Turnout's own words; further fields become its attributes."""

    event: Annotated[str, Field(description="Its type; 'type' and 'event_type' mean the same.")]
    id: NotRequired[
        Annotated[str, Field(description="The same id of the same source is the same event.")]
    ]
    payload: NotRequired[Annotated[Any, Field(description="'data' means the same.")]]
    environment_id: NotRequired[Id]
    created_at: NotRequired[Annotated[Time, Field(description="'time' means the same.")]]
    source: NotRequired[str]
    subject: NotRequired[
        Annotated[str, Field(description="Events of one subject keep their order.")]
    ]


class CloudEvent(TypedDict):
    """An event in the JSON format of CloudEvents 1.0; further fields become its attributes."""

    specversion: Literal["1.0"]
    type: str
    id: str
    source: str
    subject: NotRequired[str]
    time: NotRequired[Time]
    datacontenttype: NotRequired[str]
    data: NotRequired[Any]
    data_base64: NotRequired[str]
    environmentid: NotRequired[Id]


class SentEvent(RootModel[CloudEvent | PlainEvent]):
    """An event. In CloudEvents' binary mode, with headers 'ce-…', the body is its data instead."""


class SentEvents(RootModel[Annotated[list[SentEvent], Field(min_length=1, max_length=1_000)]]):
    """Up to 1,000 events: either all are taken or, where one is none, not any."""


class TakenDocument(TypedDict):
    """An event that is durable."""

    id: str
    key: Annotated[Id, Field(description="What the event is known by, made of its source and id.")]
    source: str
    event: str


class TakenBatchDocument(TypedDict):
    """Events that are durable, in the order in which they were sent."""

    items: list[TakenDocument]


class EventDocument(TypedDict):
    """An event that has arrived."""

    key: Annotated[Id, Field(description="What the event is known by, made of its source and id.")]
    id: str
    source: str
    event: Annotated[str, Field(description="Its type.")]
    environment_id: Id
    subject: str | None
    time: Annotated[Time | None, Field(description="When it happened, as its publisher says.")]
    received_at: Time
    payload: Data
    attributes: Data


class ConflictDocument(TypedDict):
    """What came under an event's key with another body; it started nothing."""

    origin: str
    received_at: Time
    record: Data


class DecisionDocument(TypedDict):
    """Why an event did, or did not, start a workflow."""

    workflow_id: Id
    workflow_name: str
    workflow_version: Annotated[int, Field(description="The one that was live; 0: none was.")]
    is_match: bool
    reason: Reason
    detail: Annotated[Any, Field(description="A sentence; it may quote payloads, and is one.")]
    execution_id: Annotated[Id | None, Field(description="The execution that it starts.")]


class ExplainedEventDocument(EventDocument):
    """An event, and what became of it."""

    conflicts: list[ConflictDocument]
    decisions: list[DecisionDocument]
    decisions_complete: Annotated[bool, Field(description="false: more workflows await it.")]
    executions: list[ExecutionDocument]


class ReceivedDocument(TypedDict):
    """What a webhook was sent, once it is durable."""

    id: Annotated[str, Field(description="The event's.")]
