"""Who may ask: whoever knows the one token, said in any form that the five systems use."""

from hmac import compare_digest
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import SecretStr

from services.api.problems import Unauthorized

_OPEN: Final = frozenset({"/healthz", "/readyz", "/metrics"})


def require_token(token: SecretStr | None) -> Middleware:
    """The middleware; without a token everyone is let in."""
    wanted = None if token is None else token.get_secret_value().encode()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if wanted is None or request.path in _OPEN or compare_digest(_given(request), wanted):
            return await handler(request)
        raise Unauthorized

    return middleware


def _given(request: web.Request) -> bytes:
    """``x-api-key: t``, ``Authorization: Bearer t`` or ``Authorization: t``; empty when none."""
    header = request.headers.get("x-api-key") or request.headers.get("Authorization") or ""
    scheme, _, rest = header.strip().partition(" ")
    given = rest.strip() if scheme.lower() == "bearer" else header.strip()
    return given.encode("utf-8", "surrogateescape")
