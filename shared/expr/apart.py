"""Evaluates in a process beside this one, which is killed when it takes too long or too much.

Two at most: the one that evaluates, and a spare, so that whoever comes after a kill does not wait
for another. They are forks of a third (``nursery.py``), which is started for the first evaluation,
so most processes have none.
"""

import atexit
import logging
import os
import pickle
import select
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from io import BytesIO
from threading import Lock
from typing import Any, Final

from shared.expr.errors import ExpressionError
from shared.expr.limits import held_bytes
from shared.expr.nursery import START_S_MAX, nursery

# Not structlog's, which writes to standard output where nobody has set it up, as in the commands.
_log: Final = logging.getLogger(__name__)

GRACE_S: Final = 0.06
"""How much longer than its time an evaluation may take: its own clock stops most of them, and
freeing what was built comes after that."""

GROWTH_BYTES_MAX: Final = 64 * 1024 * 1024
"""Upper limit of what the process may hold more than at rest, beside what it was given."""

_WEIGHED_EVERY_S: Final = 0.004
_HELD_BY_GIVEN: Final = 32
"""How many times what was sent is what was given, once it is read."""

LENGTH: Final = struct.Struct("!Q")
"""Stands before each message, in either direction."""

_READ_BYTES: Final = 65_536
_TIMES: Final = 3
"""Both may have been ended by others; whatever ends a new one as well is the evaluation."""


def framed(message: bytes) -> bytes:
    """A message as it is sent."""
    return LENGTH.pack(len(message)) + message


class Gone(Exception):
    """The process ended, or does not answer."""


class _Data(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"an answer is data only, not {module}.{name}")


def read_answer(answer: bytes) -> tuple[Any, ...]:
    """What a process said, which is data; ``Gone`` for anything else."""
    try:
        found: tuple[Any, ...] = _Data(BytesIO(answer)).load()
    except Exception as error:
        raise Gone from error
    return found


class Child:
    """One process; not to be used by two threads at once."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.pid = nursery().born(theirs)
        self._socket = ours
        self._received = bytearray()
        self._rest_bytes: int | None = None

    def ask(self, request: bytes, timeout_s: float) -> tuple[Any, ...]:
        """The answer. Raises Gone, and ExpressionError for what took too long or too much.

        The process is of no more use after that.
        """
        begins_by_s = time.monotonic() + START_S_MAX
        if self._rest_bytes is None:
            self._rest_bytes = held_bytes(self.pid)
        self._send(framed(request), begins_by_s)
        self._next(begins_by_s)  # it has read that, and begins
        most_bytes = self._rest_bytes + GROWTH_BYTES_MAX + _HELD_BY_GIVEN * len(request)
        return self._answer(time.monotonic() + timeout_s + GRACE_S, timeout_s, most_bytes)

    def is_alive(self) -> bool:
        """Whether nobody has ended it meanwhile."""
        try:
            return not self._is_readable(0) or bool(self._socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def is_spent(self) -> bool:
        """Whether it holds much more than when it began."""
        return held_bytes(self.pid) > (self._rest_bytes or 0) + GROWTH_BYTES_MAX // 2

    def end(self) -> None:
        """Kill it."""
        self._socket.close()
        nursery().end(self.pid)

    def _answer(self, until_s: float, timeout_s: float, most_bytes: int) -> tuple[Any, ...]:
        while True:
            found = self._taken()
            if found is not None:
                return read_answer(found)
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise too_long(timeout_s)
            if not self._is_readable(min(left_s, _WEIGHED_EVERY_S)):
                if held_bytes(self.pid) > most_bytes:
                    raise too_much()
                continue
            self._receive()

    def _next(self, until_s: float) -> bytes:
        while (found := self._taken()) is None:
            if not self._is_readable(until_s - time.monotonic()):
                raise Gone
            self._receive()
        return found

    def _taken(self) -> bytes | None:
        """A message, if a whole one was received."""
        begin = LENGTH.size
        if len(self._received) < begin:
            return None
        end = begin + LENGTH.unpack_from(self._received)[0]
        if len(self._received) < end:
            return None
        found = bytes(self._received[begin:end])
        del self._received[:end]
        return found

    def _is_readable(self, within_s: float) -> bool:
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        return bool(waiting.poll(max(0.0, within_s) * 1000))

    def _receive(self) -> None:
        try:
            found = self._socket.recv(_READ_BYTES)
        except OSError as error:
            raise Gone from error
        if not found:
            raise Gone
        self._received += found

    def _send(self, sent: bytes, until_s: float) -> None:
        self._socket.settimeout(max(0.001, until_s - time.monotonic()))
        try:
            self._socket.sendall(sent)
        except OSError as error:
            raise Gone from error


class Apart:
    """Whoever evaluates elsewhere, from any thread; one at a time, the others wait."""

    def __init__(self, start: Callable[[], Child] = Child) -> None:
        self._start = start
        self._asking = Lock()
        self._child: Child | None = None
        self._spare: Child | None = None

    def ask(self, request: bytes, timeout_s: float) -> tuple[Any, ...]:
        """What ``apart_child.py`` answers. Raises ExpressionError, and nothing else.

        Waiting for others, and for a start, is not part of ``timeout_s``.
        """
        with self._asking:
            for _ in range(_TIMES):
                with suppress(Gone):
                    return self._asked(request, timeout_s)
            raise ExpressionError("FUNCTION_FAILED", "The evaluation ended its process.")

    def pids(self) -> list[int]:
        """The processes that there are."""
        return [child.pid for child in (self._child, self._spare) if child is not None]

    def close(self) -> None:
        """End them."""
        with self._asking:
            for child in (self._child, self._spare):
                if child is not None:
                    child.end()
            self._child = self._spare = None

    def _asked(self, request: bytes, timeout_s: float) -> tuple[Any, ...]:
        child = self._child = self._ready()
        reason = "interrupted"
        try:
            answer = child.ask(request, timeout_s)
            reason = "large" if child.is_spent() else ""
        except ExpressionError as error:
            reason = error.code
            raise
        except Gone:
            reason = "gone"
            raise
        finally:
            if reason:
                self._child = None
                child.end()
                _log.info("evaluator_killed pid=%s why=%s", child.pid, reason)
            with suppress(ExpressionError):  # whoever needs it is told
                self._spare = self._spare or self._started()
        return answer

    def _ready(self) -> Child:
        for child in (self._child, self._spare):
            if child is self._spare:
                self._spare = None
            if child is not None and child.is_alive():
                return child
            if child is not None:
                child.end()
        return self._started()

    def _started(self) -> Child:
        try:
            return self._start()
        except OSError as error:
            message = f"No process could be started to evaluate: {error}"
            raise ExpressionError("FUNCTION_FAILED", message) from error


@cache
def _apart_of(pid: int) -> Apart:
    apart = Apart()

    def close() -> None:
        if os.getpid() == pid:  # a fork runs this too, and they are not its own
            apart.close()

    atexit.register(close)
    return apart


def apart() -> Apart:
    """The one that belongs to this process; a fork has its own."""
    return _apart_of(os.getpid())


def too_long(timeout_s: float) -> ExpressionError:
    """What the engine says of an evaluation that its clock stops."""
    return ExpressionError(
        "D1012",
        f"Evaluation timeout after {timeout_s * 1000:.0f} milliseconds. Check for infinite loop",
    )


def too_much() -> ExpressionError:
    """What is said of an evaluation that fills the memory."""
    return ExpressionError(
        "U1001", f"the evaluation takes more than {GROWTH_BYTES_MAX} bytes of memory"
    )
