"""The product's command line in a process that misbehaves: ``python -m tests.chaos.actor``.

What makes it so is put in from outside before the command line starts; the product has no hooks.
"""

import argparse
import asyncio
import ctypes
import random
import select
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

from services.cli.__main__ import TURNOUT
from tests.chaos.history import History
from tests.chaos.mutations import MUTATIONS
from tests.chaos.names import watch_names
from tests.chaos.patches import patch
from tests.chaos.points import POINTS, Nerves, watch
from tests.chaos.witness import watch_attempts, watch_commits

STALL_SIGNAL: Final = signal.SIGUSR1
"""Blocks the process's event loop, as a handler does that forgets to await."""

TELL_SIGNAL: Final = signal.SIGUSR2
"""Has every task say, on standard error, where it waits."""

_SHORT_S: Final = 0.0002
"""In half of the processes steps line up to be computed, quick as they are."""

IDLE_S: Final = 3.0
"""So long a pool keeps a connection to Postgres idle; left alone, for longer than a run lasts."""

_PR_SET_PDEATHSIG: Final = 1


def main(arguments: Sequence[str]) -> None:
    """Patch the product, then run its command line with what follows ``--``."""
    options = _parser().parse_args(arguments)
    _die_with_parent()
    patch(
        "asyncpg:create_pool", lambda make: partial(make, max_inactive_connection_lifetime=IDLE_S)
    )
    if options.history is not None:
        history = History(options.history, options.command[-1])
        watch_commits(history)
        watch_attempts(history)
    if options.names is not None:
        watch_names(options.names)
    if options.ask_time_s is not None:
        patch("shared.assembly.common_clock:EVERY_S", lambda _: options.ask_time_s)
    if options.seed % 2:
        patch("services.executor.lanes:STRETCH_S", lambda _: _SHORT_S)
    nerves = Nerves(random.Random(options.seed), options.stutter, options.calm)
    crashes = dict(options.crash_at)
    for name, point in POINTS.items():
        watch(point, nerves, crash=crashes.get(name, 0.0))
    if options.mutation is not None:
        MUTATIONS[options.mutation].apply()

    def stall(_number: int, _frame: FrameType | None) -> None:
        select.select([], [], [], options.stall_s)  # under libfaketime time.sleep is EINVAL

    signal.signal(STALL_SIGNAL, stall)
    signal.signal(TELL_SIGNAL, tell)
    TURNOUT.main(args=options.command, prog_name="turnout")


def tell(_number: int, _frame: FrameType | None) -> None:
    """Print the stack of each task of the running loop."""
    for task in asyncio.all_tasks():
        task.print_stack()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Run turnout with faults of its own.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mutation", choices=sorted(MUTATIONS), help="a safety to switch off")
    parser.add_argument(
        "--crash-at",
        action="append",
        default=[],
        type=_crash,
        metavar="POINT:PROBABILITY",
        help=f"kill -9 there; {', '.join(POINTS)}",
    )
    parser.add_argument("--stutter", type=float, default=0.0, help="how often to wait at a point")
    parser.add_argument("--calm", type=Path, help="once this file is there, none of it happens")
    parser.add_argument("--names", type=Path, help="says how the receiver's name is looked up")
    parser.add_argument("--ask-time-s", type=float, help="how often Postgres is asked the time")
    parser.add_argument("--history", type=Path, help="where commits are written down")
    parser.add_argument("--stall-s", type=float, default=7.0, help=f"at {STALL_SIGNAL.name}")
    parser.add_argument("command", nargs="+", help="of turnout, after --")
    return parser


def _crash(text: str) -> tuple[str, float]:
    name, _, probability = text.partition(":")
    if name not in POINTS:
        raise argparse.ArgumentTypeError(f"no point {name}: there are {', '.join(POINTS)}")
    return name, float(probability or 1)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
