"""Giving a partition up while a commit of it is under way, or after one that failed."""

import asyncio
from typing import Any

import pytest

from services.executor.ledger import Ledger
from services.executor.rows import Batch
from shared.db.group import Fence, Group
from shared.db.ledger import Committed, commit_group
from shared.domain.errors import Unavailable
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import NOTE, check_history, open_works, start, until, workflow

DONE = "SELECT count(*) FROM executions WHERE status = 'COMPLETED'"


class Watched:
    """Commits as they come: one that writes is held when asked for, and those that meet are met."""

    def __init__(self) -> None:
        self.holding, self.held, self.go_on = (asyncio.Event() for _ in range(3))
        self.met: list[frozenset[int]] = []
        self._under_way: list[frozenset[int]] = []

    async def __call__(self, conn: Any, group: Group) -> Committed:
        partitions = frozenset(fence.partition for fence in group.fences)
        self.met.extend(partitions & other for other in self._under_way if partitions & other)
        self._under_way.append(partitions)
        try:
            if self.holding.is_set() and group.written:
                self.held.set()
                await self.go_on.wait()
            return await commit_group(conn, group)
        finally:
            self._under_way.remove(partitions)


async def test_cursors_are_left_behind_after_the_commit_under_way(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they might say of what is not durable, and may never be, that it was written."""
    commits, waiting, commit = Watched(), asyncio.Event(), vars(Ledger)["_commit"]

    async def entered(self: Ledger, conn: Any, batch: Batch) -> None:
        if commits.held.is_set():
            asyncio.get_running_loop().call_soon(waiting.set)
        await commit(self, conn, batch)

    monkeypatch.setattr("services.executor.ledger.commit_group", commits)
    monkeypatch.setattr(Ledger, "_commit", entered)
    async with (
        open_receiver() as receiver,
        open_works(database, drain_s=0.1, partitions=1) as works,
    ):
        receiver.gate.clear()
        await start(works, await works.register(workflow(NOTE, receiver.step())))
        await eventually(lambda: bool(receiver.keys))
        commits.holding.set()
        receiver.gate.set()
        await commits.held.wait()  # the answer is being committed
        works.stop.set()
        await waiting.wait()  # for its turn to commit
        commits.go_on.set()
    assert not commits.met
    monkeypatch.undo()
    async with open_works(database, partitions=1) as works:
        await until(works.pool, DONE, 1)
        await check_history(works)


class Breaking:
    """Commits as they come; the first log entries are lost, and nobody can know."""

    def __init__(self) -> None:
        self.lost: set[tuple[int, int]] = set()
        self.after: list[Fence] = []

    async def __call__(self, conn: Any, group: Group) -> Committed:
        """Commit. Raises Unavailable once."""
        self.after += [f for f in group.fences if (f.partition, f.epoch) in self.lost]
        if group.written and not self.lost:
            self.lost = {(fence.partition, fence.epoch) for fence in group.fences}
            raise Unavailable("the connection broke")
        return await commit_group(conn, group)


async def test_after_a_commit_that_failed_no_cursor_is_left_behind(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory may be ahead of what is durable: the successor goes by what the database says."""
    commits = Breaking()
    monkeypatch.setattr("services.executor.ledger.commit_group", commits)
    async with open_works(database, drain_s=0.1, partitions=1) as works:
        await start(works, await works.register(workflow(NOTE)))
        await until(works.pool, DONE, 1)
        await check_history(works)
    assert commits.lost
    assert not commits.after
