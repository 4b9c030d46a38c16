"""The native route that does one thing to many executions."""

from typing import Final

from aiohttp import web

from services.api.executions.bulk_executions import BulkDone, BulkRequest, Meant, do_in_bulk
from services.api.http.bodies import answer
from services.api.http.pages import cursor_after
from services.api.http.parameters import idempotency_key
from services.api.http.route import OPERATE, Body, Route, body_of
from services.api.login.auth import caller_of, demand
from services.api.resources import RESOURCES
from shared.domain.ids import ExecutionId
from shared.domain.principals import Scope
from shared.wire.documents.bulk import BulkDocument, BulkSampleDocument

_SAMPLE_MAX: Final = 20


async def bulk(request: web.Request) -> web.Response:
    """Cancel, suspend, resume, retry or rerun the executions that are meant, or only count them.

    Each is done as by its own route; what cannot be done is left, and counted by the reason. Ask on
    with ``next_cursor`` until it is null.
    """
    asked = await body_of(request, BulkRequest)
    if asked.where is not None and asked.where.names_payloads:
        demand(request, Scope.PAYLOADS)
    caller, key = await caller_of(request), idempotency_key(request)
    return answer(_document(await do_in_bulk(request.app[RESOURCES], caller, asked, key)))


def _document(done: BulkDone) -> BulkDocument:
    place, is_preview = done.next_place, done.asked.preview
    return {
        "do": done.asked.do,
        "preview": is_preview,
        "bulk_id": str(done.bulk_id),
        "matched": done.matched,
        "matched_is_whole": place is None,
        "by_status": {status.value: count for status, count in done.by_status.items()},
        "done": 0 if is_preview else len(done.done),
        "left": [
            {"reason": reason, "status": status, "count": len(said), "detail": said[0]}
            for (reason, status), said in done.left.items()
        ],
        "sample": [_sample(meant, started) for meant, started in done.done[:_SAMPLE_MAX]],
        "stopped": done.stopped,
        "next_cursor": None if place is None else cursor_after(place),
    }


def _sample(meant: Meant, started: ExecutionId | None) -> BulkSampleDocument:
    return {
        "execution_id": str(meant.id),
        "status": meant.status,
        "started": None if started is None else str(started),
    }


ROUTES: Final = (
    Route(
        *("POST", "/v1/executions/bulk", bulk, OPERATE),
        body=Body(model=BulkRequest),
        answers={200: BulkDocument},
    ),
)
