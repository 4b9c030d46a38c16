"""The owners that partitions had, one after another, as they were seen from outside."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from tests.chaos.history import Line


class Takeover(NamedTuple):
    """A partition got a new owner: after ``since``, and by ``until``, in monotonic seconds."""

    partition: str
    epoch: int
    since: float
    until: float


class Epochs:
    """The latest epoch of a partition that had been seen, at each time."""

    def __init__(self, partition: str) -> None:
        self._partition = partition
        self._at: list[float] = []
        self._epochs: list[int] = []
        self._confirmed_at = 0.0
        self.takeovers: list[Takeover] = []

    def saw(self, at: float, epoch: int) -> None:
        """An epoch was that of the owner; times ascend."""
        if self._epochs and epoch < self._epochs[-1]:
            return
        if not self._epochs or epoch > self._epochs[-1]:
            if self._epochs:
                takeover = Takeover(self._partition, epoch, self._confirmed_at, at)
                self.takeovers.append(takeover)
            self._at.append(at)
            self._epochs.append(epoch)
        self._confirmed_at = at

    def before(self, at: float) -> int:
        """The latest that was seen before; 0: none was."""
        place = bisect_left(self._at, at)
        return self._epochs[place - 1] if place else 0


def epochs_of(lines: Iterable[Line]) -> defaultdict[str, Epochs]:
    """By partition, from whoever saw one in the database or had a commit under it let through."""
    found: dict[str, Epochs] = {}
    seen = [x for x in lines if x.op == "owners" or (x.op == "commit" and x.outcome == "ok")]
    for line in sorted(seen, key=lambda line: line.mono):
        found.setdefault(line.id, Epochs(line.id)).saw(line.mono, line.data["epoch"])
    return defaultdict(lambda: Epochs(""), found)
