"""The native routes of webhook subscriptions, and of what is delivered to them."""

from typing import Final

from aiohttp import web

from services.api.http.bodies import NoOptions, answer, answer_once
from services.api.http.pages import page_of
from services.api.http.parameters import id_in_path
from services.api.http.payloads import Payload, answer_to
from services.api.http.query_strings import PageQuery
from services.api.http.route import ADMIN, AUTHOR, OPERATE, READ, Body, Route, body_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from services.api.subscriptions.keep_subscription import (
    Made,
    change_fields,
    create_subscription,
    end_subscription,
    rotate_secret,
)
from services.api.subscriptions.requests import (
    RedeliverRequest,
    RotateRequest,
    SubscriptionChange,
    SubscriptionRequest,
)
from services.api.subscriptions.send_again import replay, send_test
from shared.db.webhook_deliveries import (
    Delivery,
    Tried,
    get_delivery,
    list_attempts,
    list_deliveries,
)
from shared.db.webhook_subscriptions import (
    SubscriptionFilter,
    get_subscription,
    list_subscriptions,
)
from shared.domain.subscriptions import DeliveryStatus, Subscription, message_id
from shared.wire.documents.parts import Page
from shared.wire.documents.subscriptions import (
    AttemptedDocument,
    DeliveryAttempt,
    DeliveryDocument,
    ReplayedDocument,
    SubscribedDocument,
    SubscriptionDocument,
)
from shared.wire.envelope import stamp, stamped


class DeliveriesQuery(PageQuery):
    """Which deliveries of a subscription."""

    status: DeliveryStatus | None = None


async def create(request: web.Request) -> web.Response:
    """201 with the subscription and its secret, which is told this once."""
    caller, asked = await caller_of(request), await body_of(request, SubscriptionRequest)
    return _made(await create_subscription(request.app[RESOURCES], caller, asked), status=201)


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation."""
    query, environment_id = query_of(request, PageQuery), await environment_of(request)
    which = SubscriptionFilter(environment_id=environment_id)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_subscriptions(conn, which, after=query.cursor, limit=query.limit + 1)
    return answer(page_of(found, query.limit, _document, lambda one: (one.created_at, one.id)))


async def get(request: web.Request) -> web.Response:
    """The subscription, without its secret."""
    id_, environment_id = id_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        return answer(_document(await get_subscription(conn, environment_id, id_)))


async def change(request: web.Request) -> web.Response:
    """The subscription with what was given in place of its own."""
    id_, caller = id_in_path(request), await caller_of(request)
    asked = await body_of(request, SubscriptionChange)
    return answer(_document(await change_fields(request.app[RESOURCES], caller, id_, asked)))


async def delete(request: web.Request) -> web.Response:
    """204; what was to be delivered is gone as well."""
    id_, caller = id_in_path(request), await caller_of(request)
    await end_subscription(request.app[RESOURCES], caller, id_)
    return web.Response(status=204)


async def rotate(request: web.Request) -> web.Response:
    """The subscription with a new secret, told this once; both sign while they overlap."""
    id_, caller = id_in_path(request), await caller_of(request)
    hours = (await body_of(request, RotateRequest)).overlap_hours
    return _made(await rotate_secret(request.app[RESOURCES], caller, id_, hours))


async def try_out(request: web.Request) -> web.Response:
    """202 with the delivery of a message that says nothing; it is attempted once, soon."""
    id_, caller = id_in_path(request), await caller_of(request)
    await body_of(request, NoOptions)
    sent = await send_test(request.app[RESOURCES], caller, id_)
    return answer(_delivery(sent), status=202)


async def send_again(request: web.Request) -> web.Response:
    """202: they are due again, at once, each under the same id as before."""
    id_, caller = id_in_path(request), await caller_of(request)
    asked = await body_of(request, RedeliverRequest)
    document: ReplayedDocument = {
        "deliveries": await replay(request.app[RESOURCES], caller, id_, asked)
    }
    return answer(document, status=202)


async def list_some(request: web.Request) -> web.Response:
    """A page of what was, and is to be, delivered, the latest first."""
    id_, query = id_in_path(request), query_of(request, DeliveriesQuery)
    environment_id = await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        await get_subscription(conn, environment_id, id_)
        found = await list_deliveries(
            conn,
            environment_id,
            id_,
            status=query.status,
            before=query.cursor,
            limit=query.limit + 1,
        )
    return answer(page_of(found, query.limit, _delivery, lambda one: (one.created_at, one.id)))


async def get_one(request: web.Request) -> web.Response:
    """A delivery with its latest attempts."""
    id_, environment_id = id_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        one = await get_delivery(conn, environment_id, id_)
        tried = await list_attempts(conn, environment_id, id_)
    document: AttemptedDocument = {
        **_delivery(one),
        "tried": [_attempt(number, each) for number, each in tried],
    }
    return answer_to(request, document)


def _made(made: Made, *, status: int = 200) -> web.Response:
    document: SubscribedDocument = {**_document(made.subscription), "secret": made.secret}
    return answer_once(document, status=status)


def _document(one: Subscription) -> SubscriptionDocument:
    return {
        "id": str(one.id),
        "environment_id": str(one.environment_id),
        "name": one.name,
        "url": one.url,
        "kinds": list(one.kinds),
        "workflow_id": None if one.workflow_id is None else str(one.workflow_id),
        "filters": one.filters,
        "format": one.format,
        "signing": one.signing,
        "headers": dict(one.headers),
        "is_active": one.is_active,
        "disabled_at": stamped(one.disabled_at),
        "disabled_reason": one.disabled_reason,
        "failing_since": stamped(one.failing_since),
        "created_at": stamp(one.created_at),
        "created_by": one.created_by,
        "updated_at": stamp(one.updated_at),
    }


def _delivery(one: Delivery) -> DeliveryDocument:
    return {
        "id": str(one.id),
        "webhook_id": message_id(one.id),
        "environment_id": str(one.environment_id),
        "subscription_id": str(one.subscription_id),
        "kind": one.kind,
        "execution_id": None if one.execution_id is None else str(one.execution_id),
        "status": one.status,
        "attempts": one.attempts,
        "created_at": stamp(one.created_at),
        "next_at": stamped(one.next_at),
        "ended_at": stamped(one.ended_at),
        "last_status": one.last_status,
        "last_error": one.last_error,
    }


def _attempt(number: int, tried: Tried) -> DeliveryAttempt:
    return {
        "number": number,
        "at": stamp(tried.at),
        "duration_ms": tried.duration_ms,
        "status": tried.status,
        "error": tried.error,
        "answer": Payload(tried.answer),
    }


_ONE: Final = "/v1/webhook-subscriptions/{id}"
_NONE: Final = Body(model=NoOptions, is_optional=True)
_ROTATE: Final = Body(model=RotateRequest, is_optional=True)

ROUTES: Final = (
    Route(
        *("POST", "/v1/webhook-subscriptions", create, ADMIN),
        body=Body(model=SubscriptionRequest),
        answers={201: SubscribedDocument},
    ),
    Route(
        *("GET", "/v1/webhook-subscriptions", list_all, AUTHOR),
        query=PageQuery,
        answers={200: Page[SubscriptionDocument]},
    ),
    Route("GET", _ONE, get, AUTHOR, answers={200: SubscriptionDocument}),
    Route(
        *("PATCH", _ONE, change, ADMIN),
        body=Body(model=SubscriptionChange),
        answers={200: SubscriptionDocument},
    ),
    Route("DELETE", _ONE, delete, ADMIN, answers={204: None}),
    Route(
        *("POST", f"{_ONE}/rotate", rotate, ADMIN),
        body=_ROTATE,
        answers={200: SubscribedDocument},
    ),
    Route("POST", f"{_ONE}/test", try_out, OPERATE, body=_NONE, answers={202: DeliveryDocument}),
    Route(
        *("POST", f"{_ONE}/replay", send_again, OPERATE),
        body=Body(model=RedeliverRequest),
        answers={202: ReplayedDocument},
    ),
    Route(
        *("GET", f"{_ONE}/deliveries", list_some, READ),
        query=DeliveriesQuery,
        answers={200: Page[DeliveryDocument]},
    ),
    Route("GET", "/v1/webhook-deliveries/{id}", get_one, READ, answers={200: AttemptedDocument}),
)
