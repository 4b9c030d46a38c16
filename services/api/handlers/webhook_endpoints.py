"""The native routes of endpoints: addresses that make events of what others send."""

from typing import Final

import orjson
from aiohttp import web
from yarl import URL

from services.api.http.bodies import JSON, YAML, answer, answer_once
from services.api.http.etags import tagged
from services.api.http.pages import page_of
from services.api.http.parameters import id_in_path
from services.api.http.query_strings import PageQuery
from services.api.http.route import AUTHOR, READ, Body, Route, body_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from services.api.webhooks.keep_endpoint import (
    create_endpoint,
    end_endpoint,
    replace_endpoint,
    rotate_endpoint,
)
from shared.db.webhook_endpoints import get_endpoint, list_endpoints
from shared.domain.webhooks import EndpointSpec, WebhookEndpoint
from shared.wire.documents.parts import Page
from shared.wire.documents.webhooks import AddressedDocument, EndpointDocument, EndpointFields
from shared.wire.envelope import stamp


async def create(request: web.Request) -> web.Response:
    """201 with the endpoint and its address, which is told this once."""
    caller, spec = await caller_of(request), await body_of(request, EndpointSpec)
    endpoint, token = await create_endpoint(request.app[RESOURCES], caller, spec)
    return _told(request, endpoint, token, status=201)


async def put(request: web.Request) -> web.Response:
    """200 with the endpoint as it now is; its address stays."""
    endpoint_id, caller = id_in_path(request), await caller_of(request)
    spec = await body_of(request, EndpointSpec)
    endpoint = await replace_endpoint(request.app[RESOURCES], caller, endpoint_id, spec)
    return tagged(request, answer(_document(endpoint)), endpoint)


async def rotate(request: web.Request) -> web.Response:
    """200 with the endpoint and its new address, told this once; the old one is nobody's."""
    endpoint_id, caller = id_in_path(request), await caller_of(request)
    endpoint, token = await rotate_endpoint(request.app[RESOURCES], caller, endpoint_id)
    return _told(request, endpoint, token)


async def get(request: web.Request) -> web.Response:
    """The endpoint, without its address."""
    endpoint_id, environment_id = id_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        endpoint = await get_endpoint(conn, environment_id, endpoint_id)
    return tagged(request, answer(_document(endpoint)), endpoint)


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation."""
    query, environment_id = query_of(request, PageQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_endpoints(
            conn, environment_id, after=query.cursor, limit=query.limit + 1
        )
    return answer(page_of(found, query.limit, _document, lambda one: (one.created_at, one.id)))


async def delete(request: web.Request) -> web.Response:
    """204; its address is nobody's."""
    endpoint_id, caller = id_in_path(request), await caller_of(request)
    await end_endpoint(request.app[RESOURCES], caller, endpoint_id)
    return web.Response(status=204)


def _told(
    request: web.Request, endpoint: WebhookEndpoint, token: str, *, status: int = 200
) -> web.Response:
    url = str(request.url.join(URL(f"/v1/hooks/{token}")))
    document: AddressedDocument = {**_document(endpoint), "url": url}
    return tagged(request, answer_once(document, status=status), endpoint)


def _document(endpoint: WebhookEndpoint) -> EndpointDocument:
    spec = endpoint.spec
    said: EndpointFields = orjson.loads(spec.model_dump_json())
    return {
        "id": str(endpoint.id),
        "environment_id": str(endpoint.environment_id),
        **said,
        "keep_headers": [*spec.keep_headers],
        "created_by": endpoint.created_by,
        "created_at": stamp(endpoint.created_at),
        "updated_at": stamp(endpoint.updated_at),
        "address_made_at": stamp(endpoint.address_made_at),
    }


_BODY: Final = Body(model=EndpointSpec, media=JSON | YAML)

ROUTES: Final = (
    Route(
        *("POST", "/v1/webhook-endpoints", create, AUTHOR),
        body=_BODY,
        answers={201: AddressedDocument},
    ),
    Route(
        *("GET", "/v1/webhook-endpoints", list_all, READ),
        query=PageQuery,
        answers={200: Page[EndpointDocument]},
    ),
    Route(
        *("GET", "/v1/webhook-endpoints/{id}", get, READ),
        answers={200: EndpointDocument, 304: None},
    ),
    Route(
        *("PUT", "/v1/webhook-endpoints/{id}", put, AUTHOR),
        body=_BODY,
        answers={200: EndpointDocument},
    ),
    Route(
        *("POST", "/v1/webhook-endpoints/{id}/rotate", rotate, AUTHOR),
        answers={200: AddressedDocument},
    ),
    Route("DELETE", "/v1/webhook-endpoints/{id}", delete, AUTHOR, answers={204: None}),
)
