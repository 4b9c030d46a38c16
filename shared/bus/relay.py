"""Reading records batch by batch, their positions committed beside the work on the next batch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from shared.bus.beside import Breakable, beside
from shared.bus.protocol import Received, TopicPartition
from shared.runtime.roles import duty

COMMIT_PAUSE_S: Final = 0.05
"""Between two commits: each costs as much as a batch, and only the newest positions matter."""

Records = Mapping[TopicPartition, Sequence[Received]]
Positions = Mapping[TopicPartition, int]


class Source(Protocol):
    """What is needed of a subscription; see ``protocol.Subscription``."""

    async def fetch(self, *, max_records: int, wait_s: float) -> Records:
        """The next records per partition, in order; empty when none came within ``wait_s``."""
        ...

    async def commit(self, positions: Positions) -> None:
        """Make the positions the group's own, those of lost partitions left out."""
        ...


async def relay(
    source: Source,
    stop: asyncio.Event,
    work: Callable[[Sequence[Received]], Awaitable[None]],
    *,
    records_max: int,
    wait_s: float,
) -> None:
    """Have ``work`` see to one batch after another until ``stop``.

    ``stop`` ends waiting for records at once. When ``work`` returns, what became of its records is
    durable: only then are they committed, beside the work on the next batch, and all of them before
    this returns. An error of either is raised: what was not committed will be read again.
    """
    committer, fetching = _Committer(source), Breakable()
    async with beside(committer.run()), beside(fetching.watch(stop)):
        while not stop.is_set():
            found = await fetching.wait(source.fetch(max_records=records_max, wait_s=wait_s))
            if found:
                await work([record for some in found.values() for record in some])
                committer.add({at: some[-1].offset + 1 for at, some in found.items()})
        await committer.commit()


class _Committer:
    """Commits the newest positions, one commit at a time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._positions: dict[TopicPartition, int] = {}
        self._added = asyncio.Event()
        self._committing = asyncio.Lock()

    def add(self, positions: Positions) -> None:
        """Commit these soon, in place of older ones."""
        self._positions.update(positions)
        self._added.set()

    async def run(self) -> None:
        """Commit what is added, until cancelled."""
        while True:
            await self._added.wait()
            self._added.clear()
            await duty(self.commit())
            await asyncio.sleep(COMMIT_PAUSE_S)

    async def commit(self) -> None:
        """Commit what was added, after a commit that is under way."""
        async with self._committing:
            positions, self._positions = self._positions, {}
            if positions:
                await self._source.commit(positions)
