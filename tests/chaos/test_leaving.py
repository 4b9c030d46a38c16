"""Who is told to stop is held to its deadline, and to the exit codes that it may end with."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.chaos import leaving
from tests.chaos.cast import Player, Seat
from tests.chaos.history import History, read
from tests.chaos.leaving import dismiss, exit_codes

LISTENS = """
import signal, sys, time
told = 0
def asked(number, frame):
    global told
    told += 1
    if told == {leaves_at}:
        sys.exit({code})
signal.signal(signal.SIGTERM, asked)
print("listens", flush=True)
while True:
    time.sleep(0.01)
"""


@asynccontextmanager
async def process(leaves_at: int, code: int) -> AsyncIterator[Player]:
    """One that ends with ``code`` when it is told for the so-many-th time; 0: never."""
    text = LISTENS.format(leaves_at=leaves_at, code=code)
    started = await asyncio.create_subprocess_exec(sys.executable, "-c", text, stdout=-1)
    assert started.stdout is not None
    assert await started.stdout.readline() == b"listens\n"
    try:
        yield Player(Seat(role="matcher", number=0), started, 0, Path("log"), 0)
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


@pytest.mark.parametrize(("leaves_at", "again_after_s"), [(1, None), (2, 0.1)])
async def test_one_that_leaves_in_time_is_right(
    tmp_path: Path, leaves_at: int, again_after_s: float | None
) -> None:
    """Told once or twice."""
    history = History(tmp_path / "history.jsonl")
    async with process(leaves_at, leaves_at - 1) as player:
        found = await dismiss(
            player, history, again_after_s=again_after_s, is_calm_since=lambda _: True
        )
        assert found is None
        assert player.process.returncode in exit_codes(player.ended_by)
    [line] = read(history.path)
    assert (line.op, line.outcome, line.data["signals"]) == ("leave", "ok", ["SIGTERM"] * leaves_at)


@pytest.mark.parametrize("is_calm", [True, False])
async def test_one_that_does_not_leave_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_calm: bool
) -> None:
    """It is killed, so that the run goes on, and that is a violation, also amid trouble."""
    monkeypatch.setattr(leaving, "STALLED_S", 0.1)
    monkeypatch.setattr(leaving, "TROUBLED_S", 0.2)
    monkeypatch.setattr(leaving, "STOP_WITHIN_S", 0.1)
    monkeypatch.setattr(leaving, "CLOSING_S", 0.0)
    history = History(tmp_path / "history.jsonl")
    async with process(0, 0) as player:
        found = await dismiss(player, history, again_after_s=None, is_calm_since=lambda _: is_calm)
        await player.process.wait()
    assert found is not None
    assert found.startswith("matcher-0 was told to stop")
    assert [line.outcome for line in read(history.path)] == ["fail"]


@pytest.mark.parametrize(("is_calm", "is_right"), [(True, False), (False, True)])
async def test_trouble_excuses_one_that_is_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_calm: bool, is_right: bool
) -> None:
    """While a server does not answer it may take longer, and no longer than that."""
    monkeypatch.setattr(leaving, "STOP_WITHIN_S", 0.0)
    monkeypatch.setattr(leaving, "CLOSING_S", 0.0)
    history = History(tmp_path / "history.jsonl")
    async with process(1, 0) as player:
        found = await dismiss(player, history, again_after_s=None, is_calm_since=lambda _: is_calm)
    assert (found is None) is is_right


@pytest.mark.parametrize(
    ("ended_by", "codes"),
    [
        ((), set()),
        (("SIGTERM",), {0}),
        (("SIGKILL",), {-9}),
        (("SIGTERM", "SIGKILL"), {0, -9}),
        (("SIGTERM", "SIGTERM"), {0, 1, -15}),
    ],
)
def test_exit_codes_say_how_one_left(ended_by: tuple[str, ...], codes: set[int]) -> None:
    """Who was told once drains and ends well; only who is told again may break off."""
    assert exit_codes(ended_by) == codes
