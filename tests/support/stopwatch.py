"""A clock whose seconds are those that somebody has slept, worked or counted."""

from datetime import UTC, datetime

from tests.support.virtual_clock import VirtualClock


class Stopwatch(VirtualClock):
    """Its time of day stands still; ``at_s`` is its monotonic time, which a test may set."""

    def __init__(self, at_s: float = 0.0) -> None:
        super().__init__(datetime(2026, 11, 22, tzinfo=UTC))
        self.at_s = at_s

    def monotonic(self) -> float:
        """So many seconds."""
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        """Time passes, and nothing else does."""
        self.at_s += seconds

    def work(self, seconds: float) -> float:
        """Take so long."""
        self.at_s += seconds
        return seconds
