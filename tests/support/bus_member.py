"""A group member in a process of its own, to be killed or stopped by a test.

Prints the value of each record it handles, one a line and five a second; then commits, if told to.
"""

import asyncio
import sys
from collections.abc import Sequence

from shared.bus.protocol import TopicPartition
from tests.support.bus import BusAddress, Diary, next_positions, opener


class Dropping(Diary):
    """Forgets what it was doing when partitions are revoked."""

    def __init__(self) -> None:
        super().__init__()
        self.rebalances = 0

    async def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Count."""
        await super().revoked(partitions)
        self.rebalances += 1


async def handle(at: BusAddress, topic: str, group: str, *, commits: bool) -> None:
    """Handle one record at a time, for ever."""
    diary = Dropping()
    async with opener(at)() as bus, bus.subscribe([topic], group=group, assignee=diary) as member:
        while True:
            for records in (await member.fetch(max_records=1, wait_s=1)).values():
                known = diary.rebalances
                print((records[0].value or b"").decode(), flush=True)  # noqa: T201
                await asyncio.sleep(0.2)
                if commits and diary.rebalances == known:
                    await member.commit(next_positions(records))


if __name__ == "__main__":
    kind, address, topic, group, commits = sys.argv[1:]
    asyncio.run(handle(BusAddress(kind, address), topic, group, commits=commits == "commits"))
