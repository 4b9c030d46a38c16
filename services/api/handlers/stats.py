"""The native route that tells what happened in an environment, in numbers."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final, TypeVar

from aiohttp import web
from pydantic import Field

from services.api.http.bodies import answer
from services.api.http.problems import BAD_PARAMETER
from services.api.http.query_strings import Id, InEnvironment, Moment
from services.api.http.route import READ, Route, query_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from shared.db.pool import Connection
from shared.db.stats import (
    ENDED_WITHIN,
    StatsSpan,
    StatusCount,
    TooSlow,
    WaitCount,
    WorkflowCount,
    count_events,
    count_letters,
    count_statuses,
    count_waits,
    count_workflows,
)
from shared.domain.ids import WorkflowId
from shared.wire.documents.stats import (
    BucketDocument,
    DurationsDocument,
    Part,
    StatsDocument,
    WaitStatsDocument,
    WorkflowStatsDocument,
)
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

T = TypeVar("T")
D = TypeVar("D")

SPAN_MAX: Final = timedelta(days=31)
LISTED_MAX: Final = 50

_SPAN: Final = timedelta(hours=24)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_BUCKETS_MAX: Final = 125
_BUCKETS_S: Final = (1, 10, 60, 300, 900, 3_600, 21_600)


class StatsQuery(InEnvironment):
    """Which span of time is counted; the last 24 hours unless it says so."""

    from_at: Moment | None = Field(None, alias="from", description="24 hours before its end.")
    before_at: Moment | None = Field(None, alias="to", description="Now; at most 31 days later.")
    workflow_id: Id[WorkflowId] | None = None


async def get(request: web.Request) -> web.Response:
    """Executions by status, workflow and time, how long they took, events, waits, dead letters."""
    query, environment_id = query_of(request, StatsQuery), await environment_of(request)
    resources = request.app[RESOURCES]
    before_at = max(query.before_at or resources.clock.now(), _EARLIEST)
    span = StatsSpan(
        environment_id=environment_id,
        from_at=max(query.from_at or before_at - _SPAN, _EARLIEST),
        before_at=before_at,
        workflow_id=query.workflow_id,
    )
    if not timedelta() < span.before_at - span.from_at <= SPAN_MAX:
        detail = "The span must end after it begins, and at most 31 days later."
        raise invalid("/query/from", BAD_PARAMETER, detail)
    async with resources.tenant(environment_id) as conn:
        return answer(await _document(conn, span))


def _bucket(span: StatsSpan) -> timedelta:
    """The shortest of some round stretches of which the span has few enough."""
    took_s = (span.before_at - span.from_at).total_seconds()
    return timedelta(seconds=next(s for s in _BUCKETS_S if took_s <= s * _BUCKETS_MAX))


async def _document(conn: Connection, span: StatsSpan) -> StatsDocument:
    bucket, most = _bucket(span), LISTED_MAX + 1
    statuses = await _in_time(count_statuses(conn, span, bucket))
    workflows = await _in_time(count_workflows(conn, span, most))
    events = await _in_time(count_events(conn, span, most))
    letters = await _in_time(count_letters(conn, span, most))
    waits = await _in_time(count_waits(conn, span))
    # The first of the workflows stands for all.
    listed = None if workflows is None else workflows[1:]
    parts: dict[Part, Sequence[object] | None] = {
        "executions": statuses,
        "workflows": listed,
        "events": events,
        "dead_letters": letters,
        "waits": waits,
    }
    return {
        "from_at": stamp(span.from_at),
        "to_at": stamp(span.before_at),
        "workflow_id": None if span.workflow_id is None else str(span.workflow_id),
        "bucket_s": round(bucket.total_seconds()),
        "started": None if statuses is None else _total(statuses, is_end=False),
        "ended": None if statuses is None else _total(statuses, is_end=True),
        "ended_created_since": stamp(span.from_at - ENDED_WITHIN),
        "durations": None if workflows is None else _durations(workflows[0]),
        "buckets": None if statuses is None else _buckets(span, bucket, statuses),
        "workflows": _each(listed, _workflow),
        "events": _each(events, lambda one: {"event": one.name, "count": one.count}),
        "dead_letters": _each(letters, lambda one: {"reason": one.name, "count": one.count}),
        "waits": _each(waits, _wait),
        "too_slow": [name for name, found in parts.items() if found is None],
        "cut": [name for name in _LISTS if len(parts[name] or ()) > LISTED_MAX],
    }


async def _in_time(part: Awaitable[T]) -> T | None:
    try:
        return await part
    except TooSlow:
        return None


def _each(found: Sequence[T] | None, render: Callable[[T], D]) -> list[D] | None:
    return None if found is None else [render(each) for each in found[:LISTED_MAX]]


def _total(statuses: Sequence[StatusCount], *, is_end: bool) -> dict[str, int]:
    found = Counter[str]()
    for each in statuses:
        if each.is_end is is_end:
            found[each.status.value] += each.count
    return dict(found)


def _buckets(
    span: StatsSpan, bucket: timedelta, statuses: Sequence[StatusCount]
) -> list[BucketDocument]:
    """Every bucket of the span, also those in which nothing happened."""
    by_time = defaultdict[datetime, list[StatusCount]](list)
    for each in statuses:
        by_time[each.at].append(each)
    count = ceil((span.before_at - span.from_at) / bucket)
    times = [span.from_at + number * bucket for number in range(count)]
    return [
        {
            "at": stamp(at),
            "started": sum(each.count for each in by_time[at] if not each.is_end),
            "ended": _total(by_time[at], is_end=True),
        }
        for at in times
    ]


def _workflow(counted: WorkflowCount) -> WorkflowStatsDocument:
    ended = counted.completed + counted.failed + counted.cancelled + counted.expired
    return {
        "workflow_id": str(counted.workflow_id),
        "name": counted.name,
        "started": counted.started,
        "completed": counted.completed,
        "failed": counted.failed,
        "cancelled": counted.cancelled,
        "expired": counted.expired,
        "under_way": counted.started - ended,
        "durations": _durations(counted),
    }


def _durations(counted: WorkflowCount) -> DurationsDocument | None:
    if counted.took is None:
        return None
    p50_ms, p95_ms, p99_ms = (each / timedelta(milliseconds=1) for each in counted.took)
    return {"p50_ms": p50_ms, "p95_ms": p95_ms, "p99_ms": p99_ms}


def _wait(counted: WaitCount) -> WaitStatsDocument:
    return {
        "kind": counted.kind,
        "count": counted.count,
        "oldest_at": stamp(counted.oldest_at),
    }


_LISTS: Final[tuple[Part, ...]] = ("workflows", "events", "dead_letters")

ROUTES: Final = (
    Route(*("GET", "/v1/stats", get, READ), query=StatsQuery, answers={200: StatsDocument}),
)
