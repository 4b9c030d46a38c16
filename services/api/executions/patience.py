"""How long a caller is kept waiting."""

from typing import Final

from aiohttp import web

from services.api.resources import RESOURCES, STOP

LEAVING_S: Final = 1.0
"""So long callers wait yet once the process is being stopped, those who come then as well: what is
not answered before its end is cut off, and a caller who does not know asks twice."""


class Patience:
    """Of one request, from now on."""

    def __init__(self, request: web.Request, wait_s: float) -> None:
        self._request = request
        self._clock = request.app[RESOURCES].clock
        self._end_s = self._clock.monotonic() + wait_s

    def left_s(self) -> float:
        """So many seconds are left; 0 when they are over, or the caller has hung up."""
        if self.is_gone():
            return 0.0
        now_s = self._clock.monotonic()
        stop = self._request.app.get(STOP)
        if stop is not None and stop.is_set():
            self._end_s = min(self._end_s, now_s + LEAVING_S)
        return max(0.0, self._end_s - now_s)

    def is_gone(self) -> bool:
        """Whether the caller has hung up."""
        transport = self._request.transport
        return transport is None or transport.is_closing()
