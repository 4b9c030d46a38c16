"""A clock that a slow machine does not move."""

from datetime import datetime, timedelta

from shared.runtime.clock import SystemClock


class StillClock(SystemClock):
    """The machine's, stopped when it was made, and ``by_s`` more. Who sleeps does so in real time.

    For what counts or ends to the second: between two requests no time passes but what a test says.
    """

    def __init__(self) -> None:
        self.by_s = 0.0
        self._began = super().now()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self.by_s)

    def monotonic(self) -> float:
        return self.by_s
