"""What every answer says beside its document, and how long documents travel."""

import re
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from services.api.http.etags import GZIPPED
from services.api.http.limit_requests import TIMES_LEFT
from services.api.http.problems import REQUEST_ID
from services.api.http.route import OPEN
from services.api.login.auth import NEEDS

COMPRESSED_OVER_BYTES: Final = 1_024
_NEVER: Final = re.compile(r"q\s*=\s*0(\.0*)?")


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Nothing is guessed at, nothing that took a login is stored, and no version is told.

    There are no CORS headers: pages of other origins cannot read any answer.
    """
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    response.headers["Server"] = "turnout"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.update(request.get(TIMES_LEFT, {}))
    if request.app[NEEDS].get(request.match_info.route) != OPEN:
        response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def compress(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The middleware: what is longer than a kilobyte is gzipped for those who take that.

    Streams are not: what they send is to arrive at once.
    """
    response = await handler(request)
    body = response.body if isinstance(response, web.Response) else None
    if isinstance(body, bytes) and len(body) > COMPRESSED_OVER_BYTES:
        _compress(request, response)
    return response


def _compress(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Vary"] = "Accept-Encoding"
    if not takes_gzip(request.headers.get("Accept-Encoding", "")):
        return
    response.enable_compression(web.ContentCoding.gzip)
    tag = response.headers.get("ETag")
    if tag is not None:
        response.headers["ETag"] = f'{tag[:-1]}{GZIPPED}"'


def takes_gzip(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` lets answers be gzipped."""
    parts = (part.partition(";") for part in accepted.lower().split(","))
    weights = {coding.strip(): weight.strip() for coding, _, weight in parts}
    weight = weights.get("gzip", weights.get("*"))
    return weight is not None and not _NEVER.fullmatch(weight)
