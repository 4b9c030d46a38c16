"""Sixtyfour's routes of the secret that signs what is sent in its form: one an organisation."""

from typing import Final

from aiohttp import web

from services.api.dialects.sixtyfour.documents import SigningSecretCreated, SigningSecretMeta
from services.api.http.bodies import NoOptions, answer, answer_once
from services.api.http.route import ADMIN, AUTHOR, Body, Route, body_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from services.api.subscriptions.requests import RollRequest
from services.api.subscriptions.signing import Issued, end_form, roll_secret
from shared.db.signing_secrets import SigningSecret, list_known
from shared.domain.subscriptions import SigningForm
from shared.wire.envelope import stamp

_FORM: Final = SigningForm.SIXTYFOUR


async def get(request: web.Request) -> web.Response:
    """What is known of the latest secret; null: messages are unsigned."""
    environment_id, resources = await environment_of(request), request.app[RESOURCES]
    async with resources.tenant(environment_id) as conn:
        found = await list_known(conn, environment_id, resources.clock.now(), _FORM)
    return answer(_meta(found[0]) if found else None)


async def create(request: web.Request) -> web.Response:
    """201 with a new secret, told this once; any before it signs no more."""
    caller = await caller_of(request)
    await body_of(request, NoOptions)
    issued = await roll_secret(request.app[RESOURCES], caller, _FORM, overlap_hours=0)
    return _created(issued, status=201)


async def roll(request: web.Request) -> web.Response:
    """A new secret, told this once; those before it sign beside it while they overlap."""
    caller, asked = await caller_of(request), await body_of(request, RollRequest)
    hours = asked.expire_overlap_hours
    issued = await roll_secret(request.app[RESOURCES], caller, _FORM, overlap_hours=hours)
    return _created(issued, status=200)


async def delete(request: web.Request) -> web.Response:
    """204; messages are unsigned until there is another secret."""
    await end_form(request.app[RESOURCES], await caller_of(request), _FORM)
    return web.Response(status=204)


def _created(issued: Issued, *, status: int) -> web.Response:
    document: SigningSecretCreated = {
        "plaintext": issued.value.get_secret_value(),
        "meta": _meta(issued.known),
    }
    return answer_once(document, status=status)


def _meta(known: SigningSecret) -> SigningSecretMeta:
    return {
        "id": str(known.id),
        "org_id": str(known.environment_id),
        "preview": f"sk_whsec_••••…{known.ending}",
        "status": "active",
        "created_at": stamp(known.created_at),
        "revoked_at": None,
    }


_PATH: Final = "/sixtyfour/webhooks/signing-secret"

ROUTES: Final = (
    Route("GET", _PATH, get, AUTHOR, answers={200: SigningSecretMeta | None}),
    Route(
        *("POST", _PATH, create, ADMIN),
        body=Body(model=NoOptions, is_optional=True),
        answers={201: SigningSecretCreated},
    ),
    Route("DELETE", _PATH, delete, ADMIN, answers={204: None}),
    Route(
        *("POST", f"{_PATH}/roll", roll, ADMIN),
        body=Body(model=RollRequest),
        answers={200: SigningSecretCreated},
    ),
)
