"""What happened in an environment, in numbers."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.outcomes import WaitKind
from shared.wire.documents.parts import Id, Time


class DurationsDocument(TypedDict):
    """Within how many milliseconds of their creation so many of 100 executions completed."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


class BucketDocument(TypedDict):
    """A stretch of the span; ``at`` is its beginning."""

    at: Time
    started: int
    ended: dict[str, int]


class WorkflowStatsDocument(TypedDict):
    """Executions of a workflow that were created in the span, and how they stand now."""

    workflow_id: Id
    name: Annotated[str | None, Field(description="null: the workflow is not kept.")]
    started: int
    completed: int
    failed: int
    cancelled: int
    expired: int
    under_way: int
    durations: Annotated[DurationsDocument | None, Field(description="null: none completed.")]


class EventStatsDocument(TypedDict):
    """How many events of a type arrived in the span."""

    event: str
    count: int


class LetterStatsDocument(TypedDict):
    """How many dead letters of the span have a reason."""

    reason: str
    count: int


class WaitStatsDocument(TypedDict):
    """How many steps wait now for something of a kind."""

    kind: WaitKind
    count: int
    oldest_at: Time


Part = Literal["executions", "workflows", "events", "dead_letters", "waits"]


class StatsDocument(TypedDict):
    """What happened in a span of time. Of lists the 50 that have most are there.

    ``too_slow`` names the parts that took too long to count: they are null. ``cut``: those of which
    there are more than 50.
    """

    from_at: Time
    to_at: Time
    workflow_id: Id | None
    bucket_s: int
    started: Annotated[
        dict[str, int] | None, Field(description="Created in the span, by their status now.")
    ]
    ended: Annotated[dict[str, int] | None, Field(description="Ended in the span.")]
    ended_created_since: Annotated[
        Time, Field(description="Of those that ended, older ones are not counted.")
    ]
    durations: Annotated[
        DurationsDocument | None, Field(description="Of those created in the span.")
    ]
    buckets: list[BucketDocument] | None
    workflows: list[WorkflowStatsDocument] | None
    events: Annotated[
        list[EventStatsDocument] | None, Field(description="Whatever workflow is asked about.")
    ]
    dead_letters: Annotated[
        list[LetterStatsDocument] | None,
        Field(description="As far as they are kept, whatever workflow is asked about."),
    ]
    waits: Annotated[
        list[WaitStatsDocument] | None, Field(description="Now, whatever span is asked about.")
    ]
    too_slow: list[Part]
    cut: list[Part]
