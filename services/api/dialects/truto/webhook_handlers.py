"""Truto's routes of webhooks: the subscriptions that are told in its words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from aiohttp import web

from services.api.dialects.truto.documents import (
    TrutoDeleted,
    TrutoPage,
    TrutoWebhook,
    TrutoWebhookCreated,
    TrutoWebhookTest,
)
from services.api.dialects.truto.queries import TrutoWebhooksQuery
from services.api.dialects.truto.webhooks import (
    TrutoTestRequest,
    TrutoWebhookChange,
    TrutoWebhookRequest,
    render,
)
from services.api.executions.await_result import awaited
from services.api.http.bodies import answer, answer_once
from services.api.http.pages import split_page
from services.api.http.parameters import id_in_path
from services.api.http.route import ADMIN, AUTHOR, OPERATE, Body, Route, body_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES, ApiResources
from services.api.subscriptions.keep_subscription import (
    change_fields,
    create_subscription,
    end_subscription,
)
from services.api.subscriptions.send_again import send_test
from shared.db.webhook_deliveries import Delivery, get_delivery
from shared.db.webhook_subscriptions import (
    SubscriptionFilter,
    get_subscription,
    list_subscriptions,
)
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.subscriptions import DeliveryStatus, Subscription, WebhookFormat

TOLD_WITHIN_S: Final = 5.0
"""So long the answer to a test is put off for what becomes of its message."""

_URL: Final = "/target_url"
_STATUS: Final[Mapping[DeliveryStatus, Literal["pending", "delivered", "failed"]]] = (
    MappingProxyType(
        {
            DeliveryStatus.PENDING: "pending",
            DeliveryStatus.DELIVERED: "delivered",
            DeliveryStatus.FAILED: "failed",
        }
    )
)


async def create(request: web.Request) -> web.Response:
    """201 with the webhook and its secret, which is told this once."""
    asked = await body_of(request, TrutoWebhookRequest)
    caller = await caller_of(request, asked.environment_id)
    made = await create_subscription(
        request.app[RESOURCES], caller, asked.subscription, url_at=_URL
    )
    document: TrutoWebhookCreated = {**render(made.subscription), "secret": made.secret or ""}
    return answer_once(document, status=201)


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation."""
    query, environment_id = query_of(request, TrutoWebhooksQuery), await environment_of(request)
    which = SubscriptionFilter(
        environment_id=environment_id, format=WebhookFormat.TRUTO, is_active=query.is_active
    )
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_subscriptions(
            conn, which, after=query.trail.after, limit=query.limit + 1
        )
    page, last = split_page(found, query.limit)
    end = None if last is None else (last.created_at, last.id)
    return answer(query.trail.page([render(one) for one in page], end))


async def get(request: web.Request) -> web.Response:
    """The webhook, without its secret."""
    environment_id = await environment_of(request)
    return answer(render(await _find(request, environment_id, id_in_path(request))))


async def change(request: web.Request) -> web.Response:
    """The webhook with what was given in place of its own."""
    id_, caller = id_in_path(request), await caller_of(request)
    asked = await body_of(request, TrutoWebhookChange)
    await _find(request, caller.environment_id, id_)
    changed = await change_fields(request.app[RESOURCES], caller, id_, asked.change, url_at=_URL)
    return answer(render(changed))


async def delete(request: web.Request) -> web.Response:
    """The id of what was deleted."""
    id_, caller = id_in_path(request), await caller_of(request)
    await _find(request, caller.environment_id, id_)
    await end_subscription(request.app[RESOURCES], caller, id_)
    document: TrutoDeleted = {"id": str(id_)}
    return answer(document)


async def test(request: web.Request) -> web.Response:
    """Whether a message that says nothing has arrived, in one attempt; 202: it is on its way."""
    caller, asked = await caller_of(request), await body_of(request, TrutoTestRequest)
    await _find(request, caller.environment_id, asked.webhook_id)
    sent = await send_test(request.app[RESOURCES], caller, asked.webhook_id)
    ended = await awaited(request, lambda: _ended(request.app[RESOURCES], sent), TOLD_WITHIN_S)
    document: TrutoWebhookTest = {
        "success": ended is not None and ended.status is DeliveryStatus.DELIVERED,
        "webhook_id": str(asked.webhook_id),
        "id": f"evt_{sent.id.hex}",
        "status": _STATUS[(ended or sent).status],
    }
    if ended is not None and ended.status is DeliveryStatus.FAILED:
        document["error"] = ended.last_error or f"It was answered with {ended.last_status}."
    return answer(document, status=202 if ended is None else 200)


async def _ended(resources: ApiResources, sent: Delivery) -> Delivery | None:
    """The delivery once no further attempt will be made at it."""
    async with resources.tenant(sent.environment_id) as conn:
        found = await get_delivery(conn, sent.environment_id, sent.id)
    return None if found.status is DeliveryStatus.PENDING else found


async def _find(request: web.Request, environment_id: EnvironmentId, id_: UUID) -> Subscription:
    """One that is told in Truto's words. Raises NotFound."""
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        one = await get_subscription(conn, environment_id, id_)
    if one.format is not WebhookFormat.TRUTO:
        raise NotFound(f"There is no webhook subscription {id_}.")
    return one


_ONE: Final = "/truto/webhook/{id}"
_WEBHOOK: Final = Body(model=TrutoWebhookRequest)
_CHANGE: Final = Body(model=TrutoWebhookChange)

ROUTES: Final = (
    Route(
        *("POST", "/truto/webhook", create, ADMIN),
        body=_WEBHOOK,
        answers={201: TrutoWebhookCreated},
    ),
    Route(
        *("GET", "/truto/webhook", list_all, AUTHOR),
        query=TrutoWebhooksQuery,
        answers={200: TrutoPage[TrutoWebhook]},
    ),
    Route(
        *("POST", "/truto/webhook/test", test, OPERATE),
        body=Body(model=TrutoTestRequest),
        answers={200: TrutoWebhookTest, 202: TrutoWebhookTest},
    ),
    Route("GET", _ONE, get, AUTHOR, answers={200: TrutoWebhook}),
    Route("PATCH", _ONE, change, ADMIN, body=_CHANGE, answers={200: TrutoWebhook}),
    Route("DELETE", _ONE, delete, ADMIN, answers={200: TrutoDeleted}),
)
