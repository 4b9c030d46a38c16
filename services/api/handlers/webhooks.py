"""The native route of webhooks: which an environment has, without their addresses."""

from typing import Final

from aiohttp import web

from services.api.http.bodies import answer
from services.api.http.pages import page_of
from services.api.http.query_strings import PageQuery
from services.api.http.route import READ, Route, query_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from shared.db.webhooks import KeptWebhook, list_webhooks
from shared.wire.documents.parts import Page
from shared.wire.documents.webhooks import WebhookDocument
from shared.wire.envelope import stamp


async def list_all(request: web.Request) -> web.Response:
    """A page in the order in which their workflows were created."""
    query, environment_id = query_of(request, PageQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_webhooks(conn, environment_id, after=query.cursor, limit=query.limit + 1)
    return answer(page_of(found, query.limit, _document, lambda one: one.place))


def _document(kept: KeptWebhook) -> WebhookDocument:
    auth = kept.auth
    return {
        "workflow_id": str(kept.workflow_id),
        "workflow_name": kept.workflow_name,
        "lifecycle": kept.lifecycle,
        "trigger_id": kept.trigger_id,
        "made_at": stamp(kept.made_at),
        "is_active": kept.is_active,
        "auth": None if auth is None else auth.model_dump(mode="json"),
        "keep_raw": kept.keep_raw,
        "keep_headers": [*kept.keep_headers],
    }


ROUTES: Final = (
    Route(
        *("GET", "/v1/webhooks", list_all, READ),
        query=PageQuery,
        answers={200: Page[WebhookDocument]},
    ),
)
