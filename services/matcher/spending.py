"""What some events take of the matcher's time, as long as their environment has some left."""

from services.matcher.breather import AT_A_STRETCH_S
from shared.domain.ids import EventKey


class Spending:
    """What some events of one environment take together, as long as there is time left.

    ``spent_s`` leaves out those that take no more than a stretch. ``is_cut``: there was more to do.
    """

    def __init__(self, left_s: float) -> None:
        self.spent_s = 0.0
        self.is_cut = False
        self._left_s = left_s
        self._of: dict[EventKey, float] = {}

    def may_go_on(self) -> bool:
        """Whether there is time for more; to be asked only where there is more to do."""
        self.is_cut = self.spent_s >= self._left_s
        return not self.is_cut

    def add(self, event: EventKey, seconds: float) -> None:
        """Count what one more thing took that was done with an event."""
        before_s = self._of.get(event, 0.0)
        self._of[event] = taken_s = before_s + seconds
        if taken_s > AT_A_STRETCH_S:
            self.spent_s += seconds if before_s > AT_A_STRETCH_S else taken_s
