"""Passing on to a listener what happens in an environment: what it missed, and what comes."""

from dataclasses import dataclass
from typing import Final

from services.api.live.broadcast import Live
from services.api.live.places import Places
from services.api.live.recent import Ending, Recent, Ring
from services.api.live.records import Change, event
from services.api.live.stream import Ended, Stream
from shared.bus.protocol import TopicPartition
from shared.wire.documents.live import ClosingDocument

_FRAMES_BYTES: Final = 65_536
_RECORDS_AT_ONCE: Final = 1_000
_ROUNDS_MAX: Final = 3
_RESET: Final = ClosingDocument(
    reason="not_kept",
    detail="Something that follows your last event is not kept any more; this goes on from now.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a listener listens to; None leaves a condition out."""

    environment_id: str
    workflow_id: str | None
    execution_id: str | None
    kinds: frozenset[str]

    def takes(self, change: Change) -> bool:
        """Whether something is meant for the listener."""
        return (
            change.environment_id == self.environment_id
            and change.kind in self.kinds
            and self.workflow_id in (None, change.workflow_id)
            and self.execution_id in (None, change.execution_id)
        )


class Follower:
    """A listener: where it is in each partition, and so what it has not been sent yet."""

    def __init__(self, live: Live, ring: Ring, wanted: Wanted, *, may_see: bool) -> None:
        self._live = live
        self._ring = ring
        self._wanted = wanted
        self._may_see = may_see
        self._places: dict[TopicPartition, int] = {}

    async def follow(self, stream: Stream, known: Places | None) -> None:
        """Send what follows ``known``, or now, for ever. Raises as ``stream``, and Unavailable."""
        resumed = None if known is None else await self._live.resumes(self._ring, known)
        self._places = resumed or self._ring.now
        if known is not None and resumed is None:
            await stream.send(self._id() + event("reset", _RESET, may_see=True), 1)
        else:
            await stream.send(self._id() + b"\n")
        await self._catch_up(stream)
        number = self._ring.first
        while True:
            await stream.check()
            if number < self._ring.first:
                raise Ended(Ending.SLOW)
            frames, number = self._take(number)
            if frames:
                await stream.send(b"".join(frames), len(frames))
            elif number == self._ring.end:
                await stream.pause(self._id())

    async def _catch_up(self, stream: Stream) -> None:
        """Send what the ring has no longer, until the rest is in it."""
        for _ in range(_ROUNDS_MAX):
            if self._ring.holds(self._places):
                return
            upto = dict(self._ring.start)
            async with self._live.missed(self._ring, self._places) as records:
                async for record in records:
                    if frame := self._frame(self._ring.read(record)):
                        await stream.send(frame, 1)
                        await stream.check()
            # Offsets without a record are passed over: nothing is there any more.
            self._places = {at: max(n, upto[at]) for at, n in self._places.items()}
        raise Ended(Ending.SLOW)

    def _take(self, number: int) -> tuple[list[bytes], int]:
        frames: list[bytes] = []
        size, last = 0, min(self._ring.end, number + _RECORDS_AT_ONCE)
        while number < last and size < _FRAMES_BYTES:
            if frame := self._frame(self._ring.get(number)):
                frames.append(frame)
                size += len(frame)
            number += 1
        return frames, number

    def _frame(self, recent: Recent) -> bytes:
        """The event of a record, empty for what is not wanted or was sent before."""
        if recent.offset < self._places[recent.at]:
            return b""
        self._places[recent.at] = recent.offset + 1
        change = recent.change
        if change is None or not self._wanted.takes(change):
            return b""
        return self._id() + (change.shown if self._may_see else change.hidden)

    def _id(self) -> bytes:
        return b"id: %b\n" % self._live.id_of(self._places).encode()
