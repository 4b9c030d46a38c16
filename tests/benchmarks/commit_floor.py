"""The bare group-commit loops that ``run`` is held against: the same rows, and nothing between.

One process; two writers, each with a connection, a partition and half of the clients. Each client
begins an execution, ends its three steps one by one (the last ends the execution), and begins the
next; what it does next waits for the commit of what it did before. Or it does all of that at once,
in one commit. Whatever all clients of a writer have to say makes up the next group: one statement,
one round trip, one transaction. There is no task a client, no plan, no input to compute, no fence,
no cursor and nothing to publish.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from os import urandom
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson

from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.runtime.sql import statements
from tests.benchmarks.three_steps import INPUTS, STEPS, event_json

_SQL = statements(Path(__file__).parent / "queries")
_OUTPUTS: Final = [orjson.dumps(given["src"]).decode() for given in INPUTS["literal"]]
_EVENT: Final = event_json().decode()
_PHASES: Final = ("created,started", "", "", "completed")
_ENTRIES: Final = 1 + len(STEPS)


@dataclass(slots=True)
class _Client:
    """``said`` counts the log entries of its execution that are durable."""

    execution: UUID
    said: int = 0


class CommitFloor:
    """The loop; ``ended`` counts executions. ``at_once``: one commit an execution, else four."""

    def __init__(
        self,
        pool: Pool,
        *,
        partitions: Sequence[int],
        width: int,
        workflow: UUID,
        at_once: bool,
    ) -> None:
        self.ended = 0
        self._pool = pool
        self._workflow = workflow
        self._entries_each = _ENTRIES if at_once else 1
        shares = [width // len(partitions)] * len(partitions)
        shares[0] += width % len(partitions)
        self._shares = dict(zip(partitions, shares, strict=True))

    async def run(self, stop: asyncio.Event) -> None:
        """Write until ``stop``; then let every client end its execution."""
        async with asyncio.TaskGroup() as group:
            for partition, width in self._shares.items():
                if width:
                    group.create_task(self._write(partition, width, stop))

    async def _write(self, partition: int, width: int, stop: asyncio.Event) -> None:
        clients = [_Client(_new_id()) for _ in range(width)]
        sequence, offset, each = count(1), count(), self._entries_each
        async with self._pool.acquire() as conn:
            statement = await conn.prepare(_SQL["write_bare"])
            while clients:
                at = datetime.now(UTC)
                started = [c.execution for c in clients if not c.said]
                ended = [c.execution for c in clients if c.said + each == _ENTRIES]
                await statement.fetch(
                    *(partition, DEFAULT_ENVIRONMENT, self._workflow, at),
                    *(("RUNNING", None, 0) if each == 1 else ("COMPLETED", at, len(STEPS))),
                    *(started, [next(offset) for _ in started], [_new_id() for _ in started]),
                    *_entries(
                        [(c, c.said + n) for c in clients for n in range(each)], sequence, at
                    ),
                    ended if each == 1 else [],
                )
                self.ended += len(ended)
                clients = list(_advanced(clients, each, goes_on=not stop.is_set()))


def _entries(
    entries: Sequence[tuple[_Client, int]], sequence: "count[int]", at: datetime
) -> tuple[Sequence[object], ...]:
    numbers = [n for _, n in entries]
    outputs = [_OUTPUTS[n - 1] if n else None for n in numbers]
    return (
        [next(sequence) for _ in entries],
        [c.execution for c, _ in entries],
        [n + 1 for n in numbers],
        [_PHASES[n] for n in numbers],
        [STEPS[n - 1] if n else None for n in numbers],
        [1 if n else None for n in numbers],
        ["COMPLETED" if n else None for n in numbers],
        [output or _EVENT for output in outputs],
        outputs,
        [at if n else None for n in numbers],
    )


def _advanced(clients: Sequence[_Client], each: int, *, goes_on: bool) -> Iterator[_Client]:
    for client in clients:
        client.said += each
        if client.said < _ENTRIES:
            yield client
        elif goes_on:
            yield _Client(_new_id())


def _new_id() -> UUID:
    return UUID(bytes=urandom(16), version=4)
