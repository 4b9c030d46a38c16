"""The native routes of keys: each is of one environment, and lets in until it ends."""

from typing import Any

from aiohttp import web

from services.api.api_keys import (
    Issued,
    KeyRequest,
    RotationRequest,
    create_key,
    revoke_key,
    rotate_key,
)
from services.api.auth import PRINCIPAL, caller_of, environment_of
from services.api.bodies import answer, read_document, read_options, validate
from services.api.parameters import Query, id_in_path, page_of
from services.api.resources import RESOURCES, SETTINGS
from shared.db.api_keys import ApiKey, get_key, list_keys
from shared.wire.envelope import stamp


async def create(request: web.Request) -> web.Response:
    """201 with the key and its secret, which is told this once."""
    caller = await Query(request, "environment_id").caller()
    asked = validate(KeyRequest, await read_document(request, request.app[SETTINGS]))
    issued = await create_key(request.app[RESOURCES], caller, request[PRINCIPAL], asked)
    return _issued(issued)


async def rotate(request: web.Request) -> web.Response:
    """201 with another key of the same name, and its secret, which is told this once."""
    key_id, caller = id_in_path(request), await caller_of(request)
    asked = validate(RotationRequest, await read_options(request, request.app[SETTINGS]))
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
    query = Query(request, "environment_id", "limit", "cursor")
    environment_id, after, limit = await query.environment(), query.cursor(), query.limit
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_keys(conn, environment_id, after=after, limit=limit + 1)
    return answer(page_of(found, limit, _document, lambda one: (one.created_at, one.id)))


def _issued(issued: Issued) -> web.Response:
    response = answer({**_document(issued.key), "secret": issued.secret}, status=201)
    response.headers["Cache-Control"] = "no-store"
    return response


def _document(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "environment_id": str(key.environment_id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "created_at": stamp(key.created_at),
        "created_by": key.created_by,
        "expires_at": key.expires_at and stamp(key.expires_at),
        "last_used_at": key.last_used_at and stamp(key.last_used_at),
        "revoked_at": key.revoked_at and stamp(key.revoked_at),
    }
