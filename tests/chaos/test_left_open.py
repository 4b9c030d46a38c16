"""What processes hold open is told as it is, and counts as left over only beyond what is idle."""

import asyncio
import os
from pathlib import Path

import asyncpg
import pytest

from tests.chaos.actor import IDLE_S
from tests.chaos.left_open import FILES_MORE, QUIET_S, Open, held_open, sessions

COUNTED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE query LIKE '%application_name = ''turnout''%' AND pid <> pg_backend_pid()
"""
"""How many others have asked by now."""


async def test_sessions_are_counted_when_idle_ones_were_let_go(database: str) -> None:
    """One that ends while they are counted is none that stays."""
    about = {"application_name": "turnout"}
    kept, idle = [await asyncpg.connect(database, server_settings=about) for _ in range(2)]
    counted = asyncio.create_task(sessions(database, quiet_s=1.0))
    async with asyncio.timeout(60):
        while not await kept.fetchval(COUNTED):
            pass
    await idle.close()
    assert await counted == 1
    await kept.close()
    assert QUIET_S > IDLE_S


def test_an_open_file_is_seen(tmp_path: Path) -> None:
    """Each counts, and none of them is half closed."""
    before = held_open(os.getpid())
    with (tmp_path / "file").open("wb"):
        assert held_open(os.getpid()) == Open(before.files + 1, before.half_closed)


@pytest.mark.parametrize(
    ("after", "is_about"),
    [
        (Open(20, 0), True),
        (Open(20 + FILES_MORE, 0), True),
        (Open(21 + FILES_MORE, 0), False),
        (Open(20, 1), False),
    ],
)
def test_what_is_kept_idle_is_not_left_over(after: Open, *, is_about: bool) -> None:
    """A few files more may be, and no connection that its other end has closed."""
    assert after.is_about(Open(20, 0)) is is_about
