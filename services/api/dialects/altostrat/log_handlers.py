"""Altostrat's routes of logs: what happened last, and how runs stand."""

from datetime import timedelta
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from services.api.dialects.altostrat.documents import AltostratRecentLog, AltostratStatistics
from services.api.dialects.altostrat.ids import WORKFLOW, written
from services.api.dialects.altostrat.runs import render_logs, status_of
from services.api.http.bodies import answer
from services.api.http.payloads import answer_to
from services.api.http.query_strings import InEnvironment, Whole
from services.api.http.route import READ, Route, query_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from shared.db.altostrat_runs import COUNTED_MAX, StatusCount, count_statuses, list_recent
from shared.db.history import list_entries
from shared.db.workflows import get_version
from shared.domain.executions import Status

RECENT_MAX: Final = 100
DAYS_MAX: Final = 30


class RecentLogsQuery(InEnvironment):
    """How many workflows are told of."""

    limit: Annotated[Whole, Field(ge=1, le=RECENT_MAX)] = RECENT_MAX


class LogStatisticsQuery(InEnvironment):
    """Since when runs are counted."""

    days: Annotated[Whole, Field(ge=1, le=DAYS_MAX)] = 7


async def list_latest(request: web.Request) -> web.Response:
    """The last line in the log of each workflow's last run, the latest first."""
    limit, environment_id = query_of(request, RecentLogsQuery).limit, await environment_of(request)
    lines: list[AltostratRecentLog] = []
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        for found in await list_recent(conn, environment_id, limit=limit):
            workflow = await get_version(conn, found.workflow_id, found.workflow_version)
            entries = await list_entries(
                conn, found.execution_id, after=found.position - 1, limit=1
            )
            lines += (
                {
                    **line,
                    "workflow_id": written(WORKFLOW, found.workflow_id),
                    "workflow_name": workflow.definition.name,
                }
                for line in render_logs(found.execution_id, workflow, entries)
            )
    return answer_to(request, lines)


async def statistics(request: web.Request) -> web.Response:
    """How the runs of the last days stand, and how long they took."""
    days, environment_id = query_of(request, LogStatisticsQuery).days, await environment_of(request)
    resources = request.app[RESOURCES]
    since = resources.clock.now() - timedelta(days=days)
    async with resources.tenant(environment_id) as conn:
        counts = await count_statuses(conn, environment_id, since)
    return answer(_document(days, counts))


def _document(days: int, counts: list[StatusCount]) -> AltostratStatistics:
    by_status: dict[str, int] = {}
    for one in counts:
        status = status_of(one.status, asks=one.asks)
        by_status[status] = by_status.get(status, 0) + one.count
    total, completed = sum(by_status.values()), by_status.get("completed", 0)
    ended = completed + by_status.get("failed", 0)
    took_s = sum(one.took_s for one in counts if one.status is Status.COMPLETED)
    return {
        "days": days,
        "total": total,
        "by_status": by_status,
        "success_rate": completed / ended if ended else None,
        "average_duration_in_seconds": took_s / completed if completed else None,
        "is_cut": total == COUNTED_MAX,
    }


ROUTES: Final = (
    Route(
        *("GET", "/altostrat/api/workflows/logs/recent", list_latest, READ),
        query=RecentLogsQuery,
        answers={200: list[AltostratRecentLog]},
    ),
    Route(
        *("GET", "/altostrat/api/workflows/logs/statistics", statistics, READ),
        query=LogStatisticsQuery,
        answers={200: AltostratStatistics},
    ),
)
