"""The last records of the result topics, held once for all listeners of a process.

A listener takes them by their numbers, at its own pace, and holds none itself: whoever falls so far
behind that the next one is gone has been too slow.
"""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property

from services.api.live.places import Places
from services.api.live.records import Change, Kind, read_change
from services.api.live.settings import LiveSettings
from shared.bus.protocol import Received, TopicPartition

_RECORD_BYTES = 500
"""What holding a record costs beside its value, and that twice: as those see it who may not."""


_GATHERED_S = 0.01
"""For so long records gather before the listeners, however many, are woken."""


class Ending(StrEnum):
    """Why a stream ends before what it tells of does."""

    STOPPING = "stopping"
    SLOW = "slow"
    LOGIN = "login"
    UNAVAILABLE = "unavailable"
    BROKEN = "broken"


class Recent:
    """A record, which is read when somebody asks what it tells."""

    def __init__(self, kind: Kind, record: Received) -> None:
        self.at = TopicPartition(record.topic, record.partition)
        self.offset = record.offset
        self.key = record.key
        self.cost_bytes = _RECORD_BYTES + 2 * len(record.value or b"")
        self._kind = kind
        self._value: bytes | None = record.value

    @cached_property
    def change(self) -> Change | None:
        """What it tells; None for one that is not Turnout's own."""
        change = read_change(self._kind, self._value)
        self._value = None
        return change


class Ring:
    """The records from ``start`` up to ``next``, numbered from ``first`` up to ``end``.

    ``heads`` are where the topics ended as it began: what was there before is new to nobody.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        start: Places,
        heads: Places,
        settings: LiveSettings,
    ) -> None:
        self.start = dict(start)
        self.next = dict(start)
        self.first = 0
        self.end = 0
        self.news = asyncio.Event()
        self.ending: Ending | None = None
        self._kinds = kinds
        self._heads = heads
        self._settings = settings
        self._held: dict[int, Recent] = {}
        self._bytes = 0
        self._is_telling = False

    @property
    def now(self) -> dict[TopicPartition, int]:
        """Where somebody begins who wants nothing of the past."""
        return {at: max(offset, self._heads[at]) for at, offset in self.next.items()}

    def read(self, record: Received) -> Recent:
        """A record of one of the topics."""
        return Recent(self._kinds[record.topic], record)

    def add(self, record: Received) -> None:
        """Hold one more, and let go of the oldest that are too many."""
        recent = self.read(record)
        self._held[self.end] = recent
        self.end += 1
        self.next[recent.at] = recent.offset + 1
        self._bytes += recent.cost_bytes
        settings = self._settings
        while len(self._held) > settings.recent_records_max or (
            self._bytes > settings.recent_bytes_max and len(self._held) > 1
        ):
            gone = self._held.pop(self.first)
            self.first += 1
            self.start[gone.at] = gone.offset + 1
            self._bytes -= gone.cost_bytes
        if not self._is_telling:
            self._is_telling = True
            asyncio.get_running_loop().call_later(_GATHERED_S, self._tell)

    def holds(self, places: Places) -> bool:
        """Whether all that follows ``places`` is here, or is yet to come."""
        return all(offset >= self.start[at] for at, offset in places.items())

    def get(self, number: int) -> Recent:
        """A record from ``first`` up to ``end``."""
        return self._held[number]

    def close(self, ending: Ending) -> None:
        """Nothing follows; everybody is to leave."""
        self.ending = self.ending or ending
        self._tell()

    def _tell(self) -> None:
        self._is_telling = False
        self.news.set()
        self.news = asyncio.Event()
