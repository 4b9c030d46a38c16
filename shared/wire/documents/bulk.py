"""What is done to many executions at once, as it is answered."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.executions import Status
from shared.wire.documents.parts import Id


class LeftDocument(TypedDict):
    """Executions to which nothing was done, for one reason."""

    reason: Annotated[
        Literal["NOT_POSSIBLE", "NOT_FOUND", "OWN_WORK"],
        Field(description="OWN_WORK: the same request has started them itself."),
    ]
    status: Annotated[Status | None, Field(description="How they stood; null: they are not there.")]
    count: int
    detail: Annotated[str, Field(description="What was said of one of them.")]


class BulkSampleDocument(TypedDict):
    """An execution that was meant."""

    execution_id: Id
    status: Annotated[Status | None, Field(description="How it stood before.")]
    started: Annotated[Id | None, Field(description="The execution that repeats it.")]


class BulkDocument(TypedDict):
    """What was done; a preview has done nothing."""

    do: str
    preview: bool
    bulk_id: Annotated[Id, Field(description="To go on with, or to ask for the same again.")]
    matched: Annotated[int, Field(description="Executions that were found.")]
    matched_is_whole: Annotated[bool, Field(description="false: there are more.")]
    by_status: Annotated[dict[str, int], Field(description="How those stood before.")]
    done: int
    left: list[LeftDocument]
    sample: Annotated[
        list[BulkSampleDocument], Field(description="The first 20 done; of a preview, found.")
    ]
    stopped: Annotated[
        Literal["DEADLINE", "UNAVAILABLE"] | None,
        Field(description="Why it ended before the limit, or before the end."),
    ]
    next_cursor: Annotated[str | None, Field(description="null: there are no more.")]
