"""The addresses that start workflows: whoever knows one may send to it."""

import re
from collections.abc import Mapping
from hmac import compare_digest
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web
from pydantic import RootModel

from services.api.events.receive_webhook import receive_webhook
from services.api.http.bodies import JSON, answer, read_raw
from services.api.http.parameters import idempotency_key
from services.api.http.problems import Unauthorized
from services.api.http.route import OPEN, Body, Route
from services.api.resources import RESOURCES, SETTINGS
from services.api.settings import ApiSettings
from services.api.workflows.webhook_tokens import hash_of
from shared.db.workflows import find_by_token
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.workflows import WebhookAuth, Workflow
from shared.wire.documents.events import ReceivedDocument
from shared.wire.envelope import dumps
from shared.wire.strict_json import JsonFault, JsonLimits, invalid, read_json

# What says what was sent, and nothing that says who may send it.
_SHOWN: Final = re.compile(
    r"accept|content-type|content-language|date|user-agent|idempotency-key|traceparent"
    r"|ce-[a-z0-9]+|webhook-(id|timestamp)|x-request-id|x-correlation-id"
    r"|x-([a-z0-9]+-)*(event|event-id|event-key|event-type|topic|delivery|delivery-id)"
)


class Anything(RootModel[Any]):
    """Any JSON, or a text; the workflow sees it as the 'body' of its event's payload."""


async def receive(request: web.Request) -> web.Response:
    """202 with the event's id, once it is durable."""
    resources = request.app[RESOURCES]
    # Whoever knows an address need not know whose it is.
    async with resources.engine() as conn:
        found = await find_by_token(conn, hash_of(request.match_info["token"]))
    if found is None:
        raise NotFound("No active workflow has this address.")
    trigger_id, workflow = found
    auth = _auth(workflow, trigger_id)
    await _check_sender(request, workflow, auth)
    payload = {
        "body": await _body(request, request.app[SETTINGS]),
        **_around(request, None if auth is None else auth.header.lower()),
        "method": request.method,
    }
    key = idempotency_key(request)
    event = await receive_webhook(resources, workflow, trigger_id, payload, key)
    document: ReceivedDocument = {"id": event.id}
    return answer(document, status=202)


def _auth(workflow: Workflow, trigger_id: str) -> WebhookAuth | None:
    webhook = dict(workflow.definition.named_triggers)[trigger_id].webhook
    return None if webhook is None else webhook.auth


async def _check_sender(request: web.Request, workflow: Workflow, auth: WebhookAuth | None) -> None:
    """Raises Unauthorized unless the sender shows what the webhook asks for."""
    if auth is None:
        return
    resources, environment_id = request.app[RESOURCES], EnvironmentId(workflow.environment_id)
    async with resources.tenant(environment_id) as conn:
        secret = await resources.find_secret(conn, environment_id, auth.secret.lower())
    wanted = b"" if secret is None else secret.get_secret_value().encode()
    given = request.headers.get(auth.header, "").encode("utf-8", "surrogateescape")
    if not wanted or not compare_digest(given, wanted):
        raise Unauthorized(f"Send this address's secret in the header '{auth.header}'.")


async def _body(request: web.Request, settings: ApiSettings) -> Any:
    """JSON as it is, anything else as a text, nothing as null. Raises Invalid."""
    raw = await read_raw(request, settings)
    if not raw:
        return None
    if request.content_type in JSON or request.content_type.endswith("+json"):
        return read_json(raw, JsonLimits(body_bytes_max=settings.body_bytes_max))
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise invalid("", JsonFault.UNREADABLE, "Send JSON, or a text in UTF-8.") from None
    if "\0" in text:
        raise invalid("", JsonFault.NUL_CHARACTER, "Texts must not hold the character U+0000.")
    return text


def _around(request: web.Request, hidden: str | None) -> Mapping[str, Any]:
    """The query, a name given twice with a list, and the headers that may be shown."""
    headers = {
        name.lower(): _text(value)
        for name, value in request.headers.items()
        if _SHOWN.fullmatch(name.lower()) and name.lower() != hidden
    }
    given = {name: [_text(v) for v in request.query.getall(name)] for name in request.query}
    query = {_text(name): vs[0] if len(vs) == 1 else vs for name, vs in given.items()}
    around: Mapping[str, Any] = read_json(dumps({"headers": headers, "query": query}), JsonLimits())
    return around


def _text(value: str) -> str:
    """What stands for bytes that were no UTF-8 becomes a mark."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_BODY: Final = Body(model=Anything, is_optional=True, media=JSON | {"text/plain"})
_TAKEN: Final = MappingProxyType({202: ReceivedDocument})

# A sender may put whatever it likes into the query string: the workflow sees it.
ROUTES: Final = (
    Route("GET", "/v1/hooks/{token}", receive, OPEN, query=None, answers=_TAKEN),
    Route("PUT", "/v1/hooks/{token}", receive, OPEN, query=None, body=_BODY, answers=_TAKEN),
    Route("POST", "/v1/hooks/{token}", receive, OPEN, query=None, body=_BODY, answers=_TAKEN),
)
