"""What past events would do under another definition, as it is shown."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shared.matching.decisions import Reason
from shared.wire.documents.parts import Id, Time

Runs = Literal["yes", "no", "fails", "depends"]


class BothDocument(TypedDict):
    """A number by the current version, and by the document."""

    before: float
    after: float


class ReasonsDocument(TypedDict):
    """How many events were decided for which reason."""

    before: dict[str, int]
    after: dict[str, int]


class WhyDocument(TypedDict):
    """One decision."""

    reason: Reason
    detail: Annotated[Any, Field(description="A sentence; it may quote payloads, and is one.")]


class ChangedEventDocument(TypedDict):
    """An event on which the two decide differently."""

    event_key: Id
    event_type: str
    received_at: Time
    before: WhyDocument
    after: WhyDocument


class ChangedEventsDocument(TypedDict):
    """Events of one kind."""

    count: int
    reasons: Annotated[dict[str, int], Field(description="Why the document decides so.")]
    sample: Annotated[list[ChangedEventDocument], Field(description="The latest 10.")]


class ChangedStepDocument(TypedDict):
    """A step that would go another way."""

    id: str
    before: Annotated[Runs | None, Field(description="null: there is no such step.")]
    after: Annotated[Runs | None, Field(description="null: there is no such step.")]
    has_other_input: bool


class ChangedPlanDocument(TypedDict):
    """Executions whose steps would differ in the same way."""

    steps: list[ChangedStepDocument]
    event_keys: list[Id]


class WhatIfDocument(TypedDict):
    """What past events would do if the document took the workflow's place. Nothing was done."""

    workflow_id: Id
    from_version: int
    is_same: Annotated[bool, Field(description="Of what was looked at, nothing differs.")]
    looked_at: int
    span_s: Annotated[float, Field(description="The time in which these events arrived.")]
    matched: BothDocument
    per_hour: Annotated[BothDocument | None, Field(description="Executions that are started.")]
    reasons: ReasonsDocument
    newly_matched: ChangedEventsDocument
    no_longer_matched: ChangedEventsDocument
    newly_failing: Annotated[
        ChangedEventsDocument, Field(description="Conditions fail that came to false before.")
    ]
    plans_compared: Annotated[int, Field(description="Executions of which it was foreseen.")]
    plans: list[ChangedPlanDocument]
    next_cursor: Annotated[str | None, Field(description="null: there are no more events.")]
