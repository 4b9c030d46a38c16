"""Processes of the server's account that work on one folder and end with their supervisor."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared.embedded import launch
from shared.embedded.account import Account

# Fast shutdown, immediate shutdown, and the end: seconds to wait for each.
STOPS = ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))

LOG = os.O_WRONLY | os.O_CREAT | os.O_APPEND


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Starts Postgres' programs; what they print goes to ``log``.

    Each inherits ``lock``, a descriptor with a file lock, so the lock is free only when all ended.
    """

    account: Account
    lock: int
    log: Path

    async def start(
        self, program: Path, folder: Path, *arguments: str, stdin: int = DEVNULL
    ) -> Process:
        """``program -D folder arguments``, with an environment of its own."""
        with _reachable(folder) as (name, opened), _opened(self.log, LOG) as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-IS",
                launch.__file__,
                *(str(number) for number in (os.getpid(), self.account.uid, self.account.gid)),
                program,
                "-D",
                name,
                *arguments,
                stdin=stdin,
                stdout=log,
                stderr=log,
                env={"LC_ALL": "C", "PATH": os.defpath},
                pass_fds=(self.lock, *opened),
            )


async def stop(process: Process) -> None:
    """Return when ``process`` has ended, kindly or not; 30 s at most."""
    for sign, within_s in STOPS:
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(sign)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await process.wait()


@contextmanager
def _reachable(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    # A name of the folder for the child, and the descriptors it must inherit. Another account may
    # be unable to enter the parents (/root); a folder that root opened for it needs no parents.
    if os.geteuid() != 0 or sys.platform != "linux":
        yield str(folder), ()
        return
    with _opened(folder, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
