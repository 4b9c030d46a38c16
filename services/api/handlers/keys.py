"""The native routes of keys: each is of one environment, and lets in until it ends."""

from typing import Final

from aiohttp import web

from services.api.http.bodies import answer, answer_once
from services.api.http.pages import page_of
from services.api.http.parameters import id_in_path
from services.api.http.query_strings import PageQuery
from services.api.http.route import ADMIN, Body, Route, body_of, query_of
from services.api.login.api_keys import (
    Issued,
    KeyRequest,
    RotationRequest,
    create_key,
    revoke_key,
    rotate_key,
)
from services.api.login.auth import PRINCIPAL, caller_of, environment_of
from services.api.resources import RESOURCES
from shared.db.api_keys import ApiKey, get_key, list_keys
from shared.wire.documents.keys import IssuedDocument, KeyDocument
from shared.wire.documents.parts import Page
from shared.wire.envelope import stamp, stamped


async def create(request: web.Request) -> web.Response:
    """201 with the key and its secret, which is told this once."""
    caller, asked = await caller_of(request), await body_of(request, KeyRequest)
    issued = await create_key(request.app[RESOURCES], caller, request[PRINCIPAL], asked)
    return _issued(issued)


async def rotate(request: web.Request) -> web.Response:
    """201 with another key of the same name, and its secret, which is told this once."""
    key_id, caller = id_in_path(request), await caller_of(request)
    asked = await body_of(request, RotationRequest)
    issued = await rotate_key(request.app[RESOURCES], caller, request[PRINCIPAL], key_id, asked)
    return _issued(issued)


async def revoke(request: web.Request) -> web.Response:
    """204; the key lets nobody in from a few seconds later on."""
    await revoke_key(request.app[RESOURCES], await caller_of(request), id_in_path(request))
    return web.Response(status=204)


async def get(request: web.Request) -> web.Response:
    """The key, without its secret."""
    key_id, environment_id = id_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        return answer(_document(await get_key(conn, environment_id, key_id)))


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of creation, with those that have ended."""
    query, environment_id = query_of(request, PageQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_keys(conn, environment_id, after=query.cursor, limit=query.limit + 1)
    return answer(page_of(found, query.limit, _document, lambda one: (one.created_at, one.id)))


def _issued(issued: Issued) -> web.Response:
    document: IssuedDocument = {**_document(issued.key), "secret": issued.secret}
    return answer_once(document, status=201)


def _document(key: ApiKey) -> KeyDocument:
    return {
        "id": str(key.id),
        "environment_id": str(key.environment_id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "created_at": stamp(key.created_at),
        "created_by": key.created_by,
        "expires_at": stamped(key.expires_at),
        "last_used_at": stamped(key.last_used_at),
        "revoked_at": stamped(key.revoked_at),
    }


_KEY: Final = Body(model=KeyRequest)
_ROTATION: Final = Body(model=RotationRequest, is_optional=True)

ROUTES: Final = (
    Route("POST", "/v1/keys", create, ADMIN, body=_KEY, answers={201: IssuedDocument}),
    Route("GET", "/v1/keys", list_all, ADMIN, query=PageQuery, answers={200: Page[KeyDocument]}),
    Route("GET", "/v1/keys/{id}", get, ADMIN, answers={200: KeyDocument}),
    Route(
        *("POST", "/v1/keys/{id}/rotate", rotate, ADMIN),
        body=_ROTATION,
        answers={201: IssuedDocument},
    ),
    Route("DELETE", "/v1/keys/{id}", revoke, ADMIN, answers={204: None}),
)
