"""The native routes of what an environment signs its messages by."""

from typing import Final

from aiohttp import web

from services.api.http.bodies import answer, answer_once
from services.api.http.route import ADMIN, AUTHOR, OPEN, Body, Route, body_of
from services.api.login.auth import caller_of, environment_asked, environment_of
from services.api.resources import RESOURCES
from services.api.subscriptions.requests import RollRequest
from services.api.subscriptions.signing import end_form, roll_secret
from shared.db.signing_secrets import SigningSecret, list_known
from shared.domain.errors import NotFound
from shared.domain.subscriptions import SigningForm
from shared.wire.documents.subscriptions import (
    IssuedSigningSecretDocument,
    JwksDocument,
    SigningSecretDocument,
    SigningSecretsDocument,
)
from shared.wire.envelope import stamp, stamped


async def list_all(request: web.Request) -> web.Response:
    """Those that sign now, without their values."""
    environment_id, resources = await environment_of(request), request.app[RESOURCES]
    async with resources.tenant(environment_id) as conn:
        found = await list_known(conn, environment_id, resources.clock.now())
    document: SigningSecretsDocument = {"items": [_document(known) for known in found]}
    return answer(document)


async def roll(request: web.Request) -> web.Response:
    """201 with a new one, told this once; those before it sign beside it while they overlap."""
    form, caller = _form(request), await caller_of(request)
    hours = (await body_of(request, RollRequest)).expire_overlap_hours
    issued = await roll_secret(request.app[RESOURCES], caller, form, overlap_hours=hours)
    document: IssuedSigningSecretDocument = {**_document(issued.known), "secret": issued.told}
    return answer_once(document, status=201)


async def delete(request: web.Request) -> web.Response:
    """204; messages of the form are unsigned from now on."""
    form, caller = _form(request), await caller_of(request)
    await end_form(request.app[RESOURCES], caller, form)
    return web.Response(status=204)


async def jwks(request: web.Request) -> web.Response:
    """The public keys of an environment, by which its JWS are checked."""
    environment_id, resources = environment_asked(request), request.app[RESOURCES]
    async with resources.tenant(environment_id) as conn:
        found = await list_known(
            conn, environment_id, resources.clock.now(), SigningForm.TRANSACTIONLINK
        )
    document: JwksDocument = {"keys": [dict(k.public_key) for k in found if k.public_key]}
    return answer(document)


def _form(request: web.Request) -> SigningForm:
    try:
        return SigningForm(request.match_info["form"])
    except ValueError:
        raise NotFound(f"There is no such form: there are {', '.join(SigningForm)}.") from None


def _document(known: SigningSecret) -> SigningSecretDocument:
    return {
        "id": str(known.id),
        "environment_id": str(known.environment_id),
        "form": known.form,
        "ending": known.ending,
        "public_key": None if known.public_key is None else dict(known.public_key),
        "created_at": stamp(known.created_at),
        "expires_at": stamped(known.expires_at),
    }


ROUTES: Final = (
    Route("GET", "/v1/signing-secrets", list_all, AUTHOR, answers={200: SigningSecretsDocument}),
    Route(
        *("POST", "/v1/signing-secrets/{form}/roll", roll, ADMIN),
        body=Body(model=RollRequest, is_optional=True),
        answers={201: IssuedSigningSecretDocument},
    ),
    Route("DELETE", "/v1/signing-secrets/{form}", delete, ADMIN, answers={204: None}),
    Route("GET", "/transactionlink/.well-known/jwks.json", jwks, OPEN, answers={200: JwksDocument}),
)
