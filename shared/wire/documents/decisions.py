"""Why events did, or did not, start workflows: one event, the last ones, and in numbers."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from shared.expr.jsonata import Truth
from shared.matching.decisions import Reason
from shared.wire.documents.events import DecisionDocument
from shared.wire.documents.parts import Data, Id, Page, Time


class ReadDocument(TypedDict):
    """What the event has at a path that a condition reads; a large value is shortened."""

    path: str
    is_there: bool
    value: Data
    did_you_mean: Annotated[Any, Field(description="A path that the event has. A payload.")]


class ComparedDocument(TypedDict):
    """A test within '~or' or '~not'."""

    pointer: str
    path: str
    operator: str
    wanted: Any
    actual: Data


class FailureDocument(TypedDict):
    """A condition that did not hold: a clause of the filters, or a part of 'run_if'."""

    pointer: Annotated[str, Field(description="Its place in the definition.")]
    truth: Annotated[Truth, Field(description="What it came to.")]
    path: Annotated[str | None, Field(description="Of a clause; null: '~or' and '~not'.")]
    operator: str | None
    wanted: Annotated[Any, Field(description="What the clause asks for.")]
    actual: Data
    parts: Annotated[list[ComparedDocument], Field(description="What is in '~or' or '~not'.")]
    text: Annotated[str | None, Field(description="Of 'run_if': the part, as it was written.")]
    reads: list[ReadDocument]
    error: Annotated[Any, Field(description="Why it could not be answered. A payload.")]
    sentence: Annotated[Any, Field(description="The same in words; it quotes payloads.")]


class ExplainedDecisionDocument(DecisionDocument):
    """A decision, and every condition that failed, not the first alone."""

    is_near_miss: Annotated[bool, Field(description="All conditions held but one.")]
    failed: Annotated[int, Field(description="So many conditions failed,")]
    clauses: Annotated[
        int, Field(description="of so many: clauses of filters, and parts of 'run_if'.")
    ]
    failures: Annotated[list[FailureDocument], Field(description="The first 20 of those.")]


class DecisionsDocument(Page[ExplainedDecisionDocument]):
    """Decisions on one event. A page may hold few, or none, for all that more follow."""

    event_key: Id
    event: Annotated[str, Field(description="Its type.")]


class NearMissDocument(TypedDict):
    """A condition that alone kept events from starting the workflow, and the last of those."""

    count: int
    failure: Annotated[FailureDocument, Field(description="As the last event has it.")]
    event_key: Id
    received_at: Time


class ReasonCountDocument(TypedDict):
    """How often a workflow was decided on for one reason, and the last event of which."""

    reason: Reason
    count: int
    event_key: Id
    event_received_at: Time


class NearMissesDocument(TypedDict):
    """Of the last events that a workflow's triggers name, those that nearly matched."""

    workflow_id: Id
    workflow_version: Annotated[int, Field(description="Decided anew by this version.")]
    events: Annotated[int, Field(description="So many were looked at.")]
    matched: int
    nearly: int
    is_complete: Annotated[bool, Field(description="false: it took too long to look at more.")]
    reasons: Annotated[
        list[ReasonCountDocument], Field(description="What was decided on those looked at.")
    ]
    near_misses: Annotated[list[NearMissDocument], Field(description="The most first.")]


class DecisionCountsDocument(TypedDict):
    """How often a workflow was decided on, by whole days in UTC."""

    workflow_id: Id
    from_on: Annotated[str, Field(json_schema_extra={"format": "date"})]
    to_on: Annotated[str, Field(json_schema_extra={"format": "date"}, description="With it.")]
    events: Annotated[int, Field(description="Came that its triggers name.")]
    ruled_out: Annotated[
        int,
        Field(
            description="Of these its conditions plainly did not hold, so that none was tried; or"
            " it was not live yet."
        ),
    ]
    reasons: list[ReasonCountDocument]
