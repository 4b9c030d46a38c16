"""The HTTP server: what it cannot read gets an answer as any other, which shows nothing of it."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError

from services.api.http.bodies import UNKNOWN_CODING
from shared.wire.envelope import dumps

_HEADERS: Final = {
    "Server": "turnout",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Runner(web.AppRunner):
    """Serves an application. What never becomes a request passes none of its middlewares.

    Its answer has no request id: nothing in the log would have it.
    """

    __slots__ = ()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory, **self._kwargs)


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=asyncio.get_running_loop(), **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The library's answer, in our form and without what it quotes of the request."""
        known = HTTPStatus(super().handle_error(request, status, exc, message).status)
        if isinstance(exc, ContentEncodingError):
            known = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        answer = web.Response(
            status=known,
            body=dumps(_document(known)),
            headers=_HEADERS,
            content_type="application/problem+json",
        )
        answer.force_close()
        return answer


def _document(status: HTTPStatus) -> dict[str, object]:
    detail = f"{status.description or status.phrase}."
    if status is HTTPStatus.BAD_REQUEST:
        detail = "This is no HTTP request that can be read, or its headers are too long."
    elif status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        detail = UNKNOWN_CODING
    return {"title": status.phrase, "status": status.value, "detail": detail}
