"""Who may ask: whoever knows the one token, said in any form that the five systems use."""

from hmac import compare_digest
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import SecretStr

from services.api.problems import Unauthorized

PRINCIPAL: Final = web.RequestKey("principal", str)
"""Who asks. There is one token and no directory of users yet: ``token``, or ``anonymous``."""

TOKEN: Final = "token"  # noqa: S105 - a name
ANONYMOUS: Final = "anonymous"

# A webhook's address is a secret of its own.
_OPEN: Final = frozenset({"/healthz", "/readyz", "/metrics", "/v1/hooks/{token}"})


def require_token(token: SecretStr | None) -> Middleware:
    """The middleware, which says who asks; without a token everyone is let in."""
    wanted = None if token is None else token.get_secret_value().encode()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if wanted is None or (resource is not None and resource.canonical in _OPEN):
            request[PRINCIPAL] = ANONYMOUS
        elif compare_digest(_given(request), wanted):
            request[PRINCIPAL] = TOKEN
        else:
            raise Unauthorized
        return await handler(request)

    return middleware


def _given(request: web.Request) -> bytes:
    """``x-api-key: t``, ``Authorization: Bearer t`` or ``Authorization: t``; empty when none."""
    header = request.headers.get("x-api-key") or request.headers.get("Authorization") or ""
    scheme, _, rest = header.strip().partition(" ")
    given = rest.strip() if scheme.lower() == "bearer" else header.strip()
    return given.encode("utf-8", "surrogateescape")
