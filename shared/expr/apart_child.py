"""The process that evaluates for another (``apart.py``), and the one of which it is a fork.

``python -m shared.expr.apart_child``, with a socket as its standard input, forks and kills as it is
told there (``nursery.py``), and ends at EOF. A fork reads requests from a socket of its own and
ends likewise. It answers a request twice: at once when it has been read, and then with what it came
to.
"""

import os
import pickle
import resource
import signal
import socket
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from shared.expr.apart import GRACE_S, LENGTH, framed
from shared.expr.bounds import STEP, Bounds
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import UNDEFINED, Document, Expression, ExpressionCache
from shared.expr.nursery import FORK, WORD

_EXPRESSIONS_KEPT: Final = 200
_ADDRESS_BYTES_MAX: Final = 3 * 1024**3
"""Far above what the parent allows to be held: the engine maps a gigabyte of stack, and uses
little of it. Only where the parent cannot see what is held it is this that ends it."""

_PLAIN: Final = "$map([1], function($x){$x})"


def main() -> None:
    """Fork, and kill, until nobody asks any more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most_bytes = resource.getrlimit(resource.RLIMIT_AS)
    if most_bytes == resource.RLIM_INFINITY or most_bytes > _ADDRESS_BYTES_MAX:
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES_MAX, _ADDRESS_BYTES_MAX))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    # What loads at first use is loaded once, for all.
    ExpressionCache(1).get(_PLAIN).evaluate_here(
        Document.of({}), STEP, datetime(2000, 1, 1, tzinfo=UTC), 0, None
    )
    with socket.socket(fileno=0) as told:
        while True:
            word, handed, _, _ = socket.recv_fds(told, WORD.size, 1)
            if not word:
                return
            _obey(told, WORD.unpack(word)[0], handed)


def _obey(told: socket.socket, word: int, handed: list[int]) -> None:
    if word != FORK:
        _kill(word)
        return
    pid = os.fork()
    if pid == 0:
        try:
            told.close()
            serve(socket.socket(fileno=handed[0]))
        finally:
            os._exit(0)
    os.close(handed[0])
    told.sendall(WORD.pack(pid))


def _kill(pid: int) -> None:
    """A fork of this process; one that ended keeps its id until now, so nobody else has it."""
    with suppress(ChildProcessError):  # it is of another that was there before
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if not ended:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def serve(asked: socket.socket) -> None:
    """Answer until nobody asks any more."""
    expressions = ExpressionCache(_EXPRESSIONS_KEPT)
    with asked, asked.makefile("rb") as requests:
        while length := requests.read(LENGTH.size):
            request = pickle.loads(requests.read(*LENGTH.unpack(length)))  # noqa: S301 - the parent's
            # On nobody's time: what a text names may have to be loaded. The parent could, too.
            source, dialect, *_ = request
            expression = expressions.get(source, dialect=dialect)
            asked.sendall(framed(b""))
            # Should the parent be gone meanwhile, nobody else ends it: no signal's handler, and no
            # thread, runs before the engine gives back the interpreter.
            bounds: Bounds = request[-1][0]
            signal.setitimer(signal.ITIMER_REAL, bounds.timeout_s + 2 * GRACE_S)
            answer = answered(expression, request)
            signal.setitimer(signal.ITIMER_REAL, 0)
            asked.sendall(framed(answer))


def answered(expression: Expression, request: tuple[Any, ...]) -> bytes:
    """What the request comes to, as a tuple of what it is and of plain data, pickled."""
    _, _, asked, document, given = request
    try:
        return pickle.dumps(_evaluated(expression, asked, Document.unpacked(document), given))
    except ExpressionError as error:
        return pickle.dumps(("error", error.code, str(error), error.position))
    except Exception as error:  # noqa: BLE001 - whatever it trips over is the expression's own error
        return pickle.dumps(("error", "FUNCTION_FAILED", f"{type(error).__name__}: {error}", None))


def _evaluated(
    expression: Expression, asked: str, document: Document, given: tuple[Any, ...]
) -> tuple[Any, ...]:
    if asked == "condition":
        verdict = expression.test_here(document, *given)
        if verdict.error is not None:
            raise verdict.error
        return "truth", verdict.truth.value
    result = expression.evaluate_here(document, *given)
    return ("undefined",) if result is UNDEFINED else ("value", result)


if __name__ == "__main__":
    main()
