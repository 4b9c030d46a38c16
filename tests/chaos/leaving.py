"""How a process leaves when it is told to: in time, and with an exit code that says so (F7)."""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tests.chaos.around import STOP_WITHIN_S
from tests.chaos.cast import Player
from tests.chaos.history import History

_NAP_S: Final = 0.05

CLOSING_S: Final = 10.0
"""So long a process may take, beside its deadline, to close what its roles share."""

TROUBLED_S: Final = 45.0
"""So long while a server does not answer: its deadline, and what is waited for at most after it."""

STALLED_S: Final = 8.0
"""A process whose event loop is blocked hears of nothing before."""


def exit_codes(ended_by: tuple[str, ...]) -> frozenset[int]:
    """With which codes a process may end, by the signals by which we ended it.

    Who was told to stop may do so before it is killed. Told twice, it breaks off what it is
    doing (1), or hears of that only when it listens no more.
    """
    found: set[int] = set()
    if "SIGTERM" in ended_by:
        found.add(0)
    if "SIGKILL" in ended_by:
        found.add(-signal.SIGKILL)
    if ended_by.count("SIGTERM") > 1:
        found |= {1, -signal.SIGTERM}
    return frozenset(found)


async def dismiss(
    player: Player,
    history: History,
    *,
    again_after_s: float | None,
    is_calm_since: Callable[[float], bool],
) -> str | None:
    """Tell a process to stop, perhaps twice, and see it end; gives what is wrong with how.

    ``is_calm_since`` says whether all that it needs has answered since a monotonic second. One
    that is there after the longest time that any may take is killed.
    """
    told_at = time.monotonic()
    _tell(player, signal.SIGTERM)
    took_s = 0.0
    if again_after_s is not None:
        took_s = await _waited_s(player, again_after_s)
        if player.process.returncode is None:
            _tell(player, signal.SIGTERM)
    took_s += await _waited_s(player, STALLED_S + TROUBLED_S - took_s)
    # Whose loop is blocked, or who was frozen, hears of it only then.
    took_s -= max(0.0, player.stalled_at + STALLED_S - told_at)
    has_ended = player.process.returncode is not None
    within_s = deadline_s(is_calm=is_calm_since(told_at))
    is_late = not has_ended or took_s > within_s
    about = {"seconds": took_s, "signals": player.ended_by, "within_s": within_s}
    history.write("leave", "fail" if is_late else "ok", player.seat.name, **about)
    if not has_ended:
        _tell(player, signal.SIGKILL)
    if not is_late:
        return None
    times = player.ended_by.count("SIGTERM")
    return f"{player.seat.name} was told to stop ({times}), and took {took_s:.1f} s"


def deadline_s(*, is_calm: bool) -> float:
    """How long a process may take to leave; ``is_calm``: all that it needs answers."""
    return STOP_WITHIN_S + CLOSING_S if is_calm else TROUBLED_S


def _tell(player: Player, how: signal.Signals) -> None:
    player.ended_by += (how.name,)
    with suppress(ProcessLookupError):
        player.process.send_signal(how)


async def _waited_s(player: Player, seconds: float) -> float:
    """Wait for its end; gives how long that took, ``seconds`` at most.

    Counted in short naps: on a machine so busy that we oversleep, a process is late for the same
    reason.
    """
    for number in range(round(seconds / _NAP_S)):
        if player.process.returncode is not None:
            return number * _NAP_S
        await asyncio.sleep(_NAP_S)
    return seconds
