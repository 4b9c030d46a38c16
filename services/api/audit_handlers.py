"""The native route of the audit log: who changed what in an environment."""

from typing import Any

from aiohttp import web

from services.api.bodies import answer
from services.api.parameters import Query, page_of
from services.api.resources import RESOURCES
from shared.db.audit import ChangeFilter, Noted, list_changes
from shared.wire.envelope import stamp


async def list_recent(request: web.Request) -> web.Response:
    """A page of changes, the latest first; ``from`` and ``to`` bound their times."""
    query = Query(request, "target", "principal", "from", "to", "environment_id", "limit", "cursor")
    which = ChangeFilter(
        environment_id=await query.environment(),
        target=query.text("target"),
        principal=query.text("principal"),
        from_at=query.time("from"),
        before_at=query.time("to"),
    )
    before, limit = query.cursor(), query.limit
    async with request.app[RESOURCES].tenant(which.environment_id) as conn:
        found = await list_changes(conn, which, before=before, limit=limit + 1)
    return answer(page_of(found, limit, _document, lambda one: (one.at, one.id)))


def _document(noted: Noted) -> dict[str, Any]:
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
