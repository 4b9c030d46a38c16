"""The native route of the audit log: who changed what in an environment."""

from typing import Final

from aiohttp import web

from services.api.http.bodies import answer
from services.api.http.pages import page_of
from services.api.http.query_strings import SpanQuery, Text
from services.api.http.route import ADMIN, Route, query_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from shared.db.audit import ChangeFilter, Noted, list_changes
from shared.wire.documents.audit import ChangeDocument
from shared.wire.documents.parts import Page
from shared.wire.envelope import stamp


class ChangesQuery(SpanQuery):
    """Which changes to list."""

    target: Text | None = None
    principal: Text | None = None


async def list_recent(request: web.Request) -> web.Response:
    """A page of changes, the latest first."""
    query = query_of(request, ChangesQuery)
    which = ChangeFilter(
        environment_id=await environment_of(request),
        target=query.target,
        principal=query.principal,
        from_at=query.from_at,
        before_at=query.before_at,
    )
    async with request.app[RESOURCES].tenant(which.environment_id) as conn:
        found = await list_changes(conn, which, before=query.cursor, limit=query.limit + 1)
    return answer(page_of(found, query.limit, _document, lambda one: (one.at, one.id)))


def _document(noted: Noted) -> ChangeDocument:
    return {
        "id": str(noted.id),
        "environment_id": str(noted.caller.environment_id),
        "at": stamp(noted.at),
        "principal": noted.caller.name,
        "action": noted.change.action,
        "target": noted.change.target,
        "before": noted.change.before,
        "after": noted.change.after,
        "request_id": noted.caller.request_id,
    }


ROUTES: Final = (
    Route(
        *("GET", "/v1/audit", list_recent, ADMIN),
        query=ChangesQuery,
        answers={200: Page[ChangeDocument]},
    ),
)
