"""The addresses that others send to: whoever knows one may, if they show what it asks for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import structlog
from aiohttp import web
from pydantic import RootModel

from services.api.events.receive_webhook import receive_webhook
from services.api.events.send_event import limits_of_bodies
from services.api.http.bodies import JSON, answer, read_raw
from services.api.http.observe import ENVIRONMENT
from services.api.http.parameters import idempotency_key
from services.api.http.problems import NotLetIn, Unauthorized
from services.api.http.route import OPEN, Body, Route
from services.api.resources import RESOURCES, SETTINGS, ApiResources
from services.api.webhooks.addresses import Address, find_address
from services.api.webhooks.presets import Claim, Delivery
from services.api.webhooks.read_delivery import FORM, delivery_headers, payload_of, read_body
from services.api.webhooks.receive_at_endpoint import receive_at_endpoint
from services.api.webhooks.verify_sender import verify_sender
from shared.domain.causes import DEPTH_HEADER, told_depth
from shared.domain.events import Event
from shared.domain.webhooks import Preset, WebhookEndpoint
from shared.wire.documents.events import ReceivedDocument
from shared.wire.documents.webhooks import ChallengeDocument
from shared.wire.event_fields import EventLimits

_REFUSED: Final = "This address asks its senders to show something: it is missing, or not right."

_log: Final = structlog.get_logger(__name__)


class Anything(RootModel[Any]):
    """Any JSON, a form, or a text; the 'body' of the payload of the event that comes of it."""


async def receive(request: web.Request) -> web.Response:
    """202 with the event's id, once it is durable; 200 to Slack, which asks whether we are here."""
    resources, settings = request.app[RESOURCES], request.app[SETTINGS]
    address = await find_address(resources, request.match_info["token"])
    request[ENVIRONMENT] = address.environment_id
    raw = await read_raw(request, settings)
    delivery = Delivery(headers=delivery_headers(request), body=raw, at=resources.clock.now())
    claim = await _claim(resources, address, delivery)
    limits = limits_of_bodies(resources, settings)
    body = read_body(request, raw, limits, is_kept=address.keep_raw)
    challenge = _challenge(address, body)
    if challenge is not None:
        return answer(challenge)
    payload = payload_of(request, address, body, raw, limits)
    key = claim.id_of(body) or idempotency_key(request)
    chain = told_depth(request.headers.get(DEPTH_HEADER))
    event = await _receive(resources, address, payload, key, limits, chain)
    document: ReceivedDocument = {"id": event.id}
    return answer(document, status=202)


async def _claim(resources: ApiResources, address: Address, delivery: Delivery) -> Claim:
    """Raises Unauthorized, in one same sentence, unless the sender shows what is asked for."""
    auth = address.auth
    if auth is None:
        return Claim(given=(), knows=lambda _: None)
    async with resources.tenant(address.environment_id) as conn:
        found = await resources.find_secrets(conn, address.environment_id, auth.secret_names)
    secrets = [each.get_secret_value().encode("utf-8", "surrogateescape") for each in found]
    try:
        return verify_sender(auth, secrets, delivery)
    except NotLetIn as refusal:
        _log.info("delivery_refused", owner=address.owner, reason=refusal.message)
        raise Unauthorized(_REFUSED) from None


def _challenge(address: Address, body: Any) -> ChallengeDocument | None:
    """What Slack wants to hear from a new address."""
    if address.auth is None or address.auth.preset is not Preset.SLACK:
        return None
    if not isinstance(body, dict) or body.get("type") != "url_verification":
        return None
    challenge = body.get("challenge")
    return {"challenge": challenge} if isinstance(challenge, str) else None


async def _receive(
    resources: ApiResources,
    address: Address,
    payload: Any,
    key: str | None,
    limits: EventLimits,
    chain: Mapping[str, Any],
) -> Event:
    if isinstance(address.of, WebhookEndpoint):
        return await receive_at_endpoint(resources, address.of, payload, key, limits, chain)
    workflow, trigger_id = address.of
    return await receive_webhook(resources, workflow, trigger_id, payload, key, chain)


_BODY: Final = Body(model=Anything, is_optional=True, media=JSON | {"text/plain", FORM})
_TAKEN: Final[Mapping[int, Any]] = MappingProxyType({200: ChallengeDocument, 202: ReceivedDocument})

# A sender may put whatever it likes into the query string: the workflow sees it.
ROUTES: Final = (
    Route("GET", "/v1/hooks/{token}", receive, OPEN, query=None, answers=_TAKEN),
    Route("PUT", "/v1/hooks/{token}", receive, OPEN, query=None, body=_BODY, answers=_TAKEN),
    Route("POST", "/v1/hooks/{token}", receive, OPEN, query=None, body=_BODY, answers=_TAKEN),
)
