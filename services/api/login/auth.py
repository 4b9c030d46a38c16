"""Who asks, whether they may, and for which environment."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web import AbstractRoute

from services.api.http.etags import preconditions_of
from services.api.http.observe import ENVIRONMENT
from services.api.http.problems import (
    BAD_PARAMETER,
    REQUEST_ID,
    Forbidden,
    NotLetIn,
    Unauthorized,
    place_of,
)
from services.api.http.rates import Rates
from services.api.login.here import demand_here
from services.api.login.identities import ANONYMOUS, Identities
from services.api.resources import RESOURCES
from shared.db.environments import get_environment
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId, as_uuid
from shared.domain.principals import Caller, HeldKey, Principal, Scope
from shared.wire.strict_json import invalid

PRINCIPAL: Final = web.RequestKey("principal", Principal)
"""Who asks."""

HELD: Final = web.RequestKey("held", HeldKey)
"""The request's Idempotency-Key, while answers to it are kept."""

NEEDS: Final = web.AppKey("needs", dict[AbstractRoute, frozenset[Scope]])
"""The scopes that each route asks for; without any it is open to all."""

IDENTITIES: Final = web.AppKey("identities", Identities)
"""Who is who."""

FAILED_LOGINS: Final = web.AppKey[Rates | None]("failed_logins")
"""How often an address may fail to log in; None: at will."""

ENVIRONMENT_HEADER: Final = "X-Turnout-Environment"
_UNNAMED: Final = (
    f"There is no such environment: name yours in the query, or in {ENVIRONMENT_HEADER}."
)

log: Final = structlog.get_logger(__name__)


def authorise(identities: Identities, failed_logins: Rates | None = None) -> Middleware:
    """The middleware: it says who asks, and stops whoever may not.

    A path that does not exist can be asked for by anyone who is let in; where nobody needs to log
    in, that is this machine alone. An address with too many ``failed_logins`` may show the
    operator's token only, and nothing that is to be looked up.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        needed = request.app[NEEDS].get(request.match_info.route)
        if needed is not None and not needed:
            request[PRINCIPAL] = ANONYMOUS
        elif identities.is_open:
            demand_here(request)
            request[PRINCIPAL] = ANONYMOUS
        else:
            request[PRINCIPAL] = await _identified(
                identities, failed_logins, request, _given(request)
            )
        if (own := request[PRINCIPAL].environment_id) is not None:
            request[ENVIRONMENT] = own
        for scope in sorted(needed or ()):
            demand(request, scope)
        return await handler(request)

    return middleware


async def let_in(request: web.Request, given: str) -> Principal:
    """Who shows this in a body, on a route that is open to all. Raises Unauthorized."""
    identities = request.app[IDENTITIES]
    if identities.is_open:
        demand_here(request)
        return ANONYMOUS
    return await _identified(identities, request.app[FAILED_LOGINS], request, given)


def demand(request: web.Request, scope: Scope) -> None:
    """Raises Forbidden unless the caller has the scope."""
    if not request[PRINCIPAL].may(scope):
        raise Forbidden(f"This needs the scope '{scope}', which you do not have.")


def environment_asked(request: web.Request) -> EnvironmentId:
    """The environment that a request says it is for, outside of its body.

    Whether it is there, and the caller's to use, is for ``environment_of``. Raises Invalid.
    """
    own = request[PRINCIPAL].environment_id
    return own or _environment_named(request) or request.app[RESOURCES].default_environment


async def environment_of(request: web.Request, named: EnvironmentId | None = None) -> EnvironmentId:
    """The environment that a request is for: the caller's own, the one it names, or the default.

    ``named`` is what its body says; without it the query or a header may. Raises Forbidden for
    another than the caller's own, NotFound for one that is not there or of another organisation.
    The operator may name any, as publishers may on the topics.
    """
    principal, resources = request[PRINCIPAL], request.app[RESOURCES]
    if named is not None and HELD in request and request[HELD].environment_id != named:
        detail = "With an Idempotency-Key name it in the query, or in X-Turnout-Environment."
        raise invalid("/environment_id", "OTHER_ENVIRONMENT", detail)
    wanted = named or _environment_named(request)
    own = principal.environment_id
    if own is not None:
        if wanted not in (None, own):
            raise Forbidden(f"This key belongs to environment {own}.")
        return own
    environment_id = wanted or resources.default_environment
    if principal.organisation_id is not None:
        async with resources.engine() as conn:
            await get_environment(conn, environment_id, principal.organisation_id)
        request[ENVIRONMENT] = environment_id
    elif environment_id in resources.environment_names:  # the operator may name what is not there
        request[ENVIRONMENT] = environment_id
    return environment_id


async def environment_held(request: web.Request) -> EnvironmentId:
    """Where a request may leave something before its handler has judged where it may.

    As ``environment_asked``; raises NotFound beside, for one that is not its organisation's.
    """
    if request[PRINCIPAL].organisation_id is None:
        return environment_asked(request)
    try:
        return await environment_of(request)
    except NotFound:
        if _environment_named(request) is not None:
            raise
        raise NotFound(_UNNAMED) from None


def whose_turn(request: web.Request) -> EnvironmentId:
    """Who has the turn for what is computed before it is known where a request may do anything.

    An organisation, by its id, rather than any environment that its people may merely name.
    """
    principal = request[PRINCIPAL]
    of_organisation = principal.organisation_id and EnvironmentId(principal.organisation_id)
    return principal.environment_id or of_organisation or request.app[RESOURCES].default_environment


async def is_still_let_in(request: web.Request) -> bool:
    """Whether what a request has shown would let in the same one, with the same scopes, now.

    Raises Unavailable when nobody knows.
    """
    identities = request.app[IDENTITIES]
    try:
        return identities.is_open or (
            await identities.identify(_given(request)) == request[PRINCIPAL]
        )
    except NotLetIn:
        return False


async def caller_of(request: web.Request, named: EnvironmentId | None = None) -> Caller:
    """Who changes something, and where; as ``environment_of``."""
    return Caller(
        name=request[PRINCIPAL].name,
        environment_id=await environment_of(request, named),
        request_id=request[REQUEST_ID],
        held=request.get(HELD),
        preconditions=preconditions_of(request),
    )


def _environment_named(request: web.Request) -> EnvironmentId | None:
    place, written = "/query/environment_id", request.query.get("environment_id")
    if written is None:
        place, written = f"/headers/{ENVIRONMENT_HEADER}", request.headers.get(ENVIRONMENT_HEADER)
    if written is None:
        return None
    parsed = as_uuid(written)
    if parsed is None:
        raise invalid(place, BAD_PARAMETER, "It must be a UUID.")
    return EnvironmentId(parsed)


async def _identified(
    identities: Identities, failed: Rates | None, request: web.Request, given: str
) -> Principal:
    """Each refusal is told in the same words: only the log has the reason."""
    remote = network_of(request.remote)
    if failed is not None and given and not identities.is_operator(given):
        failed.check(remote, "Too many logins from your address failed; wait for Retry-After.")
    try:
        return await identities.identify(given)
    except NotLetIn as refusal:
        if failed is not None and given:
            failed.take(remote)
        log.info(
            "not_let_in",
            reason=refusal.message,
            path=place_of(request),
            remote=request.remote,
            request_id=request[REQUEST_ID],
        )
        raise Unauthorized from None


@lru_cache(maxsize=4_096)
def network_of(remote: str | None) -> str:
    """Whose address it is: of IPv6, one has a whole /64. X-Forwarded-For is no proof."""
    try:
        address = ip_address(remote or "")
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))


def _given(request: web.Request) -> str:
    """``x-api-key: t``, ``Authorization: Bearer t`` or ``Authorization: t``; empty when none."""
    header = request.headers.get("x-api-key") or request.headers.get("Authorization") or ""
    scheme, _, rest = header.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else header.strip()
