"""Replays of archived events, as they are answered."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.wire.documents.parts import Id


class ReplayedWorkflowDocument(TypedDict):
    """What the events of a replay came to for one workflow."""

    workflow_id: Id
    workflow_name: str
    workflow_version: int
    is_active: Annotated[bool, Field(description="It is started here even if it is not.")]
    matched: int
    already_started: Annotated[int, Field(description="Of those: they had been started before.")]
    starts: Annotated[
        int, Field(description="And the rest: they start, or, after a preview, would start.")
    ]
    reasons: Annotated[
        dict[str, int], Field(description="How many events were decided for which reason.")
    ]


class ReplayedStartDocument(TypedDict):
    """An execution that a replay starts."""

    execution_id: Id
    workflow_id: Id
    event_key: Id


class ReplayAnswerDocument(TypedDict):
    """What a replay came to; a preview has started nothing."""

    preview: bool
    replay_id: Annotated[Id, Field(description="To go on with, or to ask for the same again.")]
    again: bool
    looked_at: Annotated[int, Field(description="Events that were looked at.")]
    events: Annotated[int, Field(description="Of those: they met the conditions.")]
    workflows: list[ReplayedWorkflowDocument]
    sample: Annotated[list[ReplayedStartDocument], Field(description="The first 20 starts.")]
    next_cursor: Annotated[str | None, Field(description="null: there are no more events.")]
