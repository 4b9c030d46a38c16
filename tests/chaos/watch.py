"""Looks at the partitions' owners now and then: what they leave behind must never go back."""

import asyncio
from collections.abc import Callable
from typing import Final

import asyncpg

from shared.runtime.postgres_faults import PASSING
from tests.chaos.history import History

EVERY_S: Final = 0.25
_OWNERS: Final = (
    "SELECT partition, epoch, consumed_offset, written_seq, emitted_seq FROM partition_owners"
    " ORDER BY partition"
)


async def watch(
    database_url: Callable[[], str], history: History, is_over: Callable[[], bool]
) -> None:
    """Write down each partition's cursors until it is over, whatever befalls the database.

    ``database_url`` is asked before each connection: a server may come back at another port.
    """
    while not is_over():
        try:
            conn = await asyncpg.connect(database_url(), timeout=5, command_timeout=5)
            try:
                while not is_over():
                    for row in await conn.fetch(_OWNERS):
                        data = dict(row)
                        history.write("owners", "info", str(data.pop("partition")), **data)
                    await asyncio.sleep(EVERY_S)
            finally:
                conn.terminate()
        except PASSING:
            await asyncio.sleep(EVERY_S)
