"""Waiting while the API says 'not now', or is gone for a moment, for as long as people would."""

import asyncio
from typing import Final

from services.cli.present import say
from shared.client.errors import NotNow
from shared.domain.errors import Unavailable

_FIRST_S: Final = 1.0
_LONGEST_S: Final = 30.0


class Patience:
    """For one request: the waits before it is made again, ``patience_s`` in all."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._left_s = patience_s
        self._next_s = _FIRST_S

    async def wait(self, fault: Unavailable) -> None:
        """Say what hinders it and wait: longer each time, and as long as the API asks for.

        Raises ``fault`` when there is no patience left, or not enough for what the API asks for.
        """
        asked_s = 0.0
        if isinstance(fault, NotNow):
            asked_s = fault.retry_after_s or 0.0
            if asked_s > self._left_s and self._patience_s:
                message = f"{fault.message} {self._too_long(asked_s)}"
                raise NotNow(message, asked_s, may_be_done=fault.may_be_done)
        wait_s = min(max(asked_s, self._next_s), self._left_s)
        if wait_s <= 0:
            raise fault
        say(f"{fault.message} Asking again in {wait_s:g} s …")
        self._left_s -= wait_s
        self._next_s = min(2 * self._next_s, _LONGEST_S)
        await asyncio.sleep(wait_s)

    def _too_long(self, asked_s: float) -> str:
        return f"It says so for {asked_s:,g} s; --patience is {self._patience_s:g} s a request."
