"""The native routes of secrets: what is put is used, and shown to nobody."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field, TypeAdapter

from services.api.http.bodies import answer
from services.api.http.pages import page_by
from services.api.http.parameters import is_name, name_in_path
from services.api.http.query_strings import LIMIT_DEFAULT, LIMIT_MAX, InEnvironment, Text, Whole
from services.api.http.route import ADMIN, AUTHOR, Body, Route, body_of, query_of
from services.api.keep_secret import SecretName, SecretRequest, end_secret, keep_secret
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from shared.db.secrets import Secret, get_secret, list_secrets
from shared.wire.documents.parts import Page
from shared.wire.documents.secrets import SecretDocument
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

_NAME: Final = TypeAdapter[str](SecretName)


class SecretsQuery(InEnvironment):
    """How much of the list is wanted; the cursor is the last name of the page before."""

    limit: Annotated[Whole, Field(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: Text | None = None


async def put(request: web.Request) -> web.Response:
    """200 with what is known of the secret; 201 when there was none."""
    name = request.match_info["name"]
    caller, asked = await caller_of(request), await body_of(request, SecretRequest)
    if not is_name(name, _NAME):
        detail = "A name has 1 to 256 of a-z, 0-9, '_' and '-', and does not begin with '-'."
        raise invalid("/name", "INVALID_NAME", detail)
    kept = await keep_secret(request.app[RESOURCES], caller, name, asked.value)
    return answer(_document(kept), status=201 if kept.version == 1 else 200)


async def get(request: web.Request) -> web.Response:
    """What is known of the secret, without its value."""
    name, environment_id = name_in_path(request, _NAME, "secret"), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        return answer(_document(await get_secret(conn, (environment_id, name))))


async def list_all(request: web.Request) -> web.Response:
    """A page in the order of names."""
    query, environment_id = query_of(request, SecretsQuery), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_secrets(
            conn, environment_id, after=query.cursor or "", limit=query.limit + 1
        )
    return answer(page_by(found, query.limit, _document, lambda one: one.name))


async def delete(request: web.Request) -> web.Response:
    """204; steps may still be sent with it for a few seconds."""
    name, caller = name_in_path(request, _NAME, "secret"), await caller_of(request)
    await end_secret(request.app[RESOURCES], caller, name)
    return web.Response(status=204)


def _document(secret: Secret) -> SecretDocument:
    return {
        "name": secret.name,
        "environment_id": str(secret.environment_id),
        "version": secret.version,
        "key_id": secret.key_id,
        "created_at": stamp(secret.created_at),
        "created_by": secret.created_by,
        "updated_at": stamp(secret.updated_at),
        "updated_by": secret.updated_by,
    }


ROUTES: Final = (
    Route(
        *("PUT", "/v1/secrets/{name}", put, ADMIN),
        body=Body(model=SecretRequest),
        answers={200: SecretDocument, 201: SecretDocument},
    ),
    Route(
        *("GET", "/v1/secrets", list_all, AUTHOR),
        query=SecretsQuery,
        answers={200: Page[SecretDocument]},
    ),
    Route("GET", "/v1/secrets/{name}", get, AUTHOR, answers={200: SecretDocument}),
    Route("DELETE", "/v1/secrets/{name}", delete, ADMIN, answers={204: None}),
)
