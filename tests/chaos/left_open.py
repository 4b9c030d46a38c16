"""What processes hold open: files, connections that the other end has closed, database sessions."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

import asyncpg

_CLOSE_WAIT: Final = "08"
_LOOK_S: Final = 0.25
QUIET_S: Final = 4.0
"""Longer than pools keep a connection idle (``actor.IDLE_S``)."""
_SESSIONS: Final = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE application_name = 'turnout' AND datname = current_database()"
)


FILES_MORE: Final = 8
"""So many more than at the start are what a process keeps for the next time: in pools, idle."""


class Open(NamedTuple):
    """How many files a process has open; of them connections that only this end keeps."""

    files: int
    half_closed: int

    def is_about(self, before: Self) -> bool:
        """Whether no more is open than ``before`` but what is kept idle."""
        return self.files <= before.files + FILES_MORE and not self.half_closed


def held_open(pid: int) -> Open:
    """What a process of ours holds now. Raises OSError when it has ended."""
    targets: list[str] = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            targets.append(str(file.readlink()))
    given_up = _half_closed(pid)
    return Open(len(targets), sum(target in given_up for target in targets))


def _half_closed(pid: int) -> frozenset[str]:
    """The sockets of the machine whose other end is gone, as a process's files name them."""
    found: list[str] = []
    for family in ("tcp", "tcp6"):
        lines = Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]
        fields = [line.split() for line in lines]
        found += [f"socket:[{each[9]}]" for each in fields if each[3] == _CLOSE_WAIT]
    return frozenset(found)


async def sessions(dsn: str, *, quiet_s: float = QUIET_S) -> int:
    """How many sessions Turnout keeps at a database: the fewest, until idle ones were let go.

    That is when their number has not fallen for ``quiet_s``.
    """
    conn = await asyncpg.connect(dsn, timeout=5)
    try:
        fewest = int(await conn.fetchval(_SESSIONS, timeout=5))
        fell_at = time.monotonic()
        while time.monotonic() < fell_at + quiet_s:
            await asyncio.sleep(_LOOK_S)
            count = int(await conn.fetchval(_SESSIONS, timeout=5))
            if count < fewest:
                fewest, fell_at = count, time.monotonic()
        return fewest
    finally:
        conn.terminate()
