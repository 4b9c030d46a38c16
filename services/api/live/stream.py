"""A stream of events (text/event-stream) to one listener.

Written on aiohttp's own StreamResponse: an event is made once for all listeners and many leave in
one write, where a library for such streams takes them one by one as text, and beats in a task of
its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import Final

import structlog
from aiohttp import web

from services.api.http.observe import ENVIRONMENT
from services.api.http.problems import REQUEST_ID
from services.api.http.route import Media
from services.api.live.broadcast import LIVE, Live
from services.api.live.recent import Ending, Ring
from services.api.live.records import event
from services.api.login.auth import is_still_let_in
from services.api.resources import RESOURCES
from shared.domain.errors import TurnoutError
from shared.wire.documents.live import ClosingDocument

STREAM: Final = Media("text/event-stream")

_HEADERS: Final = {
    "Content-Type": f"{STREAM.type}; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
_SAID: Final = MappingProxyType(
    {
        Ending.STOPPING: "This process is being stopped; come back with your last event's id.",
        Ending.SLOW: "You read too slowly; come back with your last event's id.",
        Ending.LOGIN: "What you showed does not let you in any more.",
        Ending.UNAVAILABLE: "A service that Turnout needs does not answer; come back later.",
        Ending.BROKEN: "Something in Turnout is broken; its log has more.",
    }
)

log: Final = structlog.get_logger(__name__)


class Ended(Exception):
    """The stream is to end here, and why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


class Gone(Exception):
    """The listener has hung up."""


class Stream:
    """What one listener is sent; made by ``open_stream``."""

    def __init__(self, request: web.Request, response: web.StreamResponse, ring: Ring) -> None:
        self.response = response
        self._request = request
        self._ring = ring
        self._live = request.app[LIVE]
        self._clock = request.app[RESOURCES].clock
        self._settings = self._live.settings
        now = self._clock.monotonic()
        self._beat_at = now + self._settings.heartbeat_s
        self._check_at = now + self._settings.check_s

    async def send(self, frames: bytes, events: int = 0) -> None:
        """Send ``frames``, in which so many events are. Raises Ended, Gone."""
        try:
            async with asyncio.timeout(self._settings.send_within_s):
                await self.response.write(frames)
        except TimeoutError:
            raise Ended(Ending.SLOW) from None
        except ConnectionError:
            raise Gone from None
        if events:
            self._live.passed.add(self._request.get(ENVIRONMENT), count=events)
        self._beat_at = self._clock.monotonic() + self._settings.heartbeat_s

    async def check(self) -> None:
        """Raises Ended, Gone, as it is time to, and Unavailable."""
        await asyncio.sleep(0)  # whoever takes much at once lets the others have their turn
        if self._ring.ending is not None:
            raise Ended(self._ring.ending)
        if self._request.transport is None or self._request.transport.is_closing():
            raise Gone
        if self._clock.monotonic() >= self._check_at:
            if not await is_still_let_in(self._request):
                raise Ended(Ending.LOGIN)
            self._check_at = self._clock.monotonic() + self._settings.check_s

    async def pause(self, beat: bytes = b"") -> bool:
        """Return when there is news, or now and then; whether a sign of life was sent meanwhile.

        Raises as ``send`` and ``check``.
        """
        left_s = min(self._beat_at, self._check_at) - self._clock.monotonic()
        await self._clock.wait(self._ring.news, max(0.0, left_s))
        await self.check()
        is_silent = self._clock.monotonic() >= self._beat_at
        if is_silent:
            await self.send(b":\n%b\n" % beat)
        return is_silent


@asynccontextmanager
async def open_stream(request: web.Request, ring: Ring) -> AsyncIterator[Stream]:
    """A stream until the context ends. Once it is open, no error leaves it: an event says why."""
    live = request.app[LIVE]
    response = web.StreamResponse(headers={**_HEADERS, "X-Request-Id": request[REQUEST_ID]})
    await response.prepare(request)
    stream = Stream(request, response, ring)
    try:
        await stream.send(b"retry: %d\n\n" % (live.settings.retry_s * 1000))
        yield stream
    except Gone:
        return
    except Ended as ended:
        ending = ended.ending
    except TurnoutError as error:
        log.warning("stream_unavailable", path=request.path, reason=error.message)
        ending = Ending.UNAVAILABLE
    except Exception:
        # The answer has begun: nobody but this can tell of it any more.
        log.exception("stream_failed", path=request.path, request_id=request[REQUEST_ID])
        ending = Ending.BROKEN
    else:
        return
    await _say_why(live, request, response, ending)


async def _say_why(
    live: Live, request: web.Request, response: web.StreamResponse, ending: Ending
) -> None:
    live.ended(request.get(ENVIRONMENT), ending)
    document: ClosingDocument = {"reason": ending.value, "detail": _SAID[ending]}
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(1):
            await response.write(event("close", document, may_see=False))
            return
    if request.transport is not None:
        request.transport.abort()  # it takes nothing any more, not even an end
