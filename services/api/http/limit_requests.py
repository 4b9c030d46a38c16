"""What each caller may ask of the API in a second."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from services.api.http.rates import Rates
from services.api.login.auth import PRINCIPAL
from services.api.login.identities import ANONYMOUS, OPERATOR

TIMES_LEFT: Final = web.RequestKey("times_left", dict[str, str])
"""What every answer to somebody who is limited says of it, as headers."""

_UNLIMITED: Final = frozenset({ANONYMOUS.name, OPERATOR.name})


def limit_requests(rates: Rates | None) -> Middleware:
    """The middleware: 429 to a key, or a JWT's subject, that asks too often; None: to nobody.

    A subject whose tokens name environments is counted in each. The operator is not limited, nor is
    anybody where no login is needed.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        principal = request[PRINCIPAL]
        if rates is None or principal.name in _UNLIMITED:
            return await handler(request)
        who = principal.counted_as
        detail = "You ask too often; wait as long as Retry-After says."
        rates.check(who, detail, principal.environment_id)
        request[TIMES_LEFT] = rates.headers(rates.take(who))
        return await handler(request)

    return middleware
