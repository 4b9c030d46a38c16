"""Where the processes beside this one come from (``apart.py``): forks of one that has loaded all.

To start one that loads everything takes as long as a few evaluations, and whoever evaluates waits
for it; a fork is there in milliseconds. Nothing is evaluated in the one that is forked.
"""

import os
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from functools import cache
from threading import Lock
from typing import Final

FORK: Final = 0
"""Asks for a process at the socket that comes along; any other number is to be ended."""

WORD: Final = struct.Struct("!q")
"""What is said in either direction: a process' id, or ``FORK``."""

START_S_MAX: Final = 20.0
"""To start, and to read what it is to evaluate: no evaluation's own time."""


class Nursery:
    """The one that is forked; it is started when it is first needed, and anew if it has ended."""

    def __init__(self) -> None:
        self._asking = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def born(self, theirs: socket.socket) -> int:
        """The id of a new process that serves a socket. Raises OSError where there is none."""
        with self._asking:
            if self._process is None or self._process.poll() is not None:
                self._start()
            try:
                return self._forked(theirs)
            except OSError:
                self._end()
                raise

    def end(self, pid: int) -> None:
        """Kill one that was born here; if it is gone, nobody else is killed in its place."""
        with self._asking, suppress(OSError):
            self._say(pid)

    def _forked(self, theirs: socket.socket) -> int:
        assert self._socket is not None
        socket.send_fds(self._socket, [WORD.pack(FORK)], [theirs.fileno()])
        return self._heard()

    def _start(self) -> None:
        self._end()
        self._socket, asked = socket.socketpair()
        self._socket.settimeout(START_S_MAX)
        with asked:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "shared.expr.apart_child"],
                stdin=asked.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what it says may quote what somebody sent
                env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                start_new_session=True,
            )

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._socket = None

    def _say(self, word: int) -> None:
        if self._socket is not None:
            self._socket.sendall(WORD.pack(word))

    def _heard(self) -> int:
        assert self._socket is not None
        heard = self._socket.recv(WORD.size, socket.MSG_WAITALL)
        if len(heard) < WORD.size:
            raise OSError("the process that is forked has ended")
        word: int = WORD.unpack(heard)[0]
        return word


@cache
def _nursery_of(_pid: int) -> Nursery:
    return Nursery()


def nursery() -> Nursery:
    """The one that belongs to this process; a fork has its own."""
    return _nursery_of(os.getpid())
