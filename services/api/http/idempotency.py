"""Requests with an ``Idempotency-Key``: repeated, they change nothing and are answered the same.

What is kept for 24 hours is the first answer below 500, by who asked, in which environment, and
with which key. A request holds its key while it is at work, and its change marks the key in the
transaction that makes it. So when a process dies

- before the change: after a minute the same request is carried out as if it were the first;
- after it, with the answer not yet kept: the change stands, and who repeats the request is told
  what was changed (409), never changes it again;
- while a command is being sent, which marks nothing: after a minute it is sent again, to no effect.
"""

import hashlib
import hmac
from typing import Final
from uuid import UUID

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web import AbstractRoute

from services.api.http.bodies import read_raw
from services.api.http.parameters import idempotency_key
from services.api.http.problems import (
    ANSWER_NOT_KEPT,
    KEY_IN_USE,
    OTHER_REQUEST,
    REQUEST_ID,
    NotNow,
)
from services.api.http.query_strings import InEnvironment
from services.api.http.route import Route
from services.api.login.auth import HELD, PRINCIPAL, environment_held
from services.api.resources import RESOURCES, SETTINGS
from shared.db import idempotency
from shared.domain.errors import Problem, Unavailable
from shared.domain.ids import EnvironmentId
from shared.domain.principals import HeldKey, Scope
from shared.wire.strict_json import invalid

KEYED: Final = web.AppKey("keyed", dict[AbstractRoute, Route])
"""The routes whose answers are kept for those who send a key."""

REPLAYED: Final = "Idempotency-Replayed"

_POINTER: Final = "/headers/Idempotency-Key"
_KEPT_HEADERS: Final = ("Content-Type", "Location", "ETag")
_RETRY_AFTER_S: Final = 1
# There the key names what is started, or the replay or bulk that goes on from page to page: a
# repeated request finds it again, and starts nothing twice.
_NAMES_WHAT_STARTS: Final = frozenset(
    {
        "/v1/events/replay",
        "/v1/events/{id}/replay",
        "/v1/executions/bulk",
        "/v1/workflows/{id}/executions",
        "/v1/executions/{id}/rerun",
        "/v1/executions/{id}/retry",
        "/v1/executions/{id}/resume-from/{step_id}",
    }
)
_KEYS_OF_THEIR_OWN: Final = ("/v1/hooks/", "/v1/tasks/")

log: Final = structlog.get_logger(__name__)


def keeps_answers(route: Route) -> bool:
    """Whether a key may be sent with a request: what only looks has no use for one."""
    return (
        route.method != "GET"
        and Scope.READ not in route.needs
        and route.path.startswith("/v1/")
        and not route.path.startswith(_KEYS_OF_THEIR_OWN)
        and route.path not in _NAMES_WHAT_STARTS
    )


def once(shown: Middleware) -> Middleware:
    """The middleware; ``shown`` makes answers of errors. Without the header it does nothing."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.route not in request.app[KEYED]:
            return await handler(request)
        key = idempotency_key(request)
        if key is None:
            return await handler(request)
        held, earlier = await _hold(request, key)
        if held is None:
            return _again(earlier, is_silent=_is_silent(request, earlier))
        request[HELD] = held
        response = await shown(request, handler)
        await _keep(request, held, response)
        return response

    return middleware


async def _hold(
    request: web.Request, key: str
) -> tuple[HeldKey | None, idempotency.Earlier | None]:
    """The key, if it is the request's to hold, else what is known of the one that has it.

    Raises Invalid when that one was another request, NotFound in another's environment.
    """
    resources = request.app[RESOURCES]
    held = HeldKey(
        environment_id=await _place(request),
        key=_digest(request[PRINCIPAL].name.encode(), key.encode()),
        holder=resources.new_id(),
    )
    asked = _asked(request, key, await read_raw(request, request.app[SETTINGS]))
    now = resources.clock.now()
    async with resources.tenant(held.environment_id) as conn:
        is_held = await idempotency.hold_key(conn, held, asked, now)
        earlier = None if is_held else await idempotency.find_key(conn, held)
    if earlier is not None and not hmac.compare_digest(earlier.asked, asked):
        detail = "The key was sent with another request; use a new one for this."
        raise invalid(_POINTER, OTHER_REQUEST, detail)
    return held if is_held else None, earlier


async def _place(request: web.Request) -> EnvironmentId:
    """Where the key is held: where the request is for, judged before anything is written there.

    What is of no environment is of an organisation, whose id stands for it. Raises as ``_hold``.
    """
    organisation_id = request[PRINCIPAL].organisation_id
    query = request.app[KEYED][request.match_info.route].query
    if organisation_id is not None and query is not None and not issubclass(query, InEnvironment):
        return request[PRINCIPAL].environment_id or EnvironmentId(organisation_id)
    return await environment_held(request)


def event_id(request: web.Request) -> str | None:
    """The id of an event that has none of its own: the same for the same key of the same caller.

    None without a key.
    """
    held = request.get(HELD)
    return None if held is None else str(UUID(bytes=held.key[:16], version=5))


def _is_silent(request: web.Request, earlier: idempotency.Earlier | None) -> bool:
    since = request.app[RESOURCES].clock.now() - idempotency.SILENT_AFTER
    return earlier is not None and earlier.held_at < since


def _again(earlier: idempotency.Earlier | None, *, is_silent: bool) -> web.Response:
    """The answer to a request that was made before. Raises NotNow, Invalid."""
    if earlier is None or (earlier.answer is None and not is_silent):
        raise NotNow(
            Problem(
                pointer=_POINTER,
                code=KEY_IN_USE,
                detail="The first request with this key is being carried out; repeat it later.",
            ),
            {"Retry-After": str(_RETRY_AFTER_S)},
        )
    if earlier.answer is None or earlier.answer.body is None:
        done = "" if earlier.done is None else f", on {earlier.done}"
        detail = f"It was carried out{done}. Its answer is not kept: look at what it did."
        raise invalid(_POINTER, ANSWER_NOT_KEPT, detail)
    answer = earlier.answer
    headers = {**answer.headers, REPLAYED: "true"}
    return web.Response(status=answer.status, headers=headers, body=answer.body)


async def _keep(request: web.Request, held: HeldKey, response: web.StreamResponse) -> None:
    """Whoever asked is answered, even when that cannot be written down."""
    try:
        async with request.app[RESOURCES].tenant(held.environment_id) as conn:
            if response.status >= web.HTTPInternalServerError.status_code:
                await idempotency.let_go(conn, held)
            else:
                await idempotency.keep_answer(conn, held, _answer(response))
    except Unavailable as error:
        log.warning("answer_not_kept", reason=error.message, request_id=request[REQUEST_ID])


def _answer(response: web.StreamResponse) -> idempotency.Answer:
    """What is kept of an answer; nothing that its handler forbids to store, since it is secret."""
    body = response.body or b"" if isinstance(response, web.Response) else None
    is_secret = "no-store" in response.headers.get("Cache-Control", "")
    said = response.headers
    return idempotency.Answer(
        status=response.status,
        headers={name: said[name] for name in _KEPT_HEADERS if name in said},
        body=body if isinstance(body, bytes) and not is_secret else None,
    )


def _asked(request: web.Request, key: str, body: bytes) -> bytes:
    """A digest of all that makes the request what it is.

    The key takes part, which is kept nowhere: what a body holds cannot be guessed at from this.
    """
    said = (f"{name.lower()}:{value}" for name, value in request.headers.items())
    headers = sorted(each for each in said if each.startswith(("content-type:", "ce-")))
    may_see = request[PRINCIPAL].may(Scope.PAYLOADS)
    parts = (request.method, request.raw_path, str(may_see), "\n".join(headers))
    digest = _digest(*(part.encode("utf-8", "surrogateescape") for part in parts), body)
    return hmac.digest(key.encode(), digest, "sha256")


def _digest(*parts: bytes) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8))
        whole.update(part)
    return whole.digest()
