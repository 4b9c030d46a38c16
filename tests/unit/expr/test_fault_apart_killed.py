"""Whoever evaluates beside us may be killed as often as it likes: nobody misses an answer."""

import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event

from shared.expr import apart
from shared.expr.bounds import STEP
from tests.unit.expr.support import evaluate

TIMES = 20
WITHIN_S = 60.0
ASKED_S = 0.05
"""By then it has been asked."""
PATIENT = replace(STEP, timeout_s=5)
APART = "($f := function($x){$x * 2}; $f(n))"
"""Is evaluated in a process beside."""
QUICK = "$uppercase(a) & '!'"
"""Is evaluated here."""


def open_files() -> int:
    """How many this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def killed_at_work(pool: ThreadPoolExecutor, number: int) -> tuple[int, "Future[object]"]:
    """Begin an evaluation, and kill whoever is to do it while it is waited for."""
    [pid, _] = apart.apart().pids()
    os.kill(pid, signal.SIGSTOP)  # so that it is not through before
    evaluating = pool.submit(evaluate, APART, {"n": number}, bounds=PATIENT)
    with suppress(TimeoutError):
        evaluating.result(ASKED_S)
    assert not evaluating.done()
    os.kill(pid, signal.SIGKILL)
    return pid, evaluating


def test_one_that_is_killed_again_and_again_is_replaced_each_time() -> None:
    """Its evaluation ends with the right answer, and those that need no process go on meanwhile."""
    stop = Event()
    rounds: list[int] = []

    def neighbour() -> int:
        count = 0
        while not stop.is_set():
            assert evaluate(QUICK, {"a": "x"}) == "X!"
            count += 1
            rounds.append(len(killed))
        return count

    killed: list[int] = []
    assert evaluate(APART, {"n": 1}, bounds=PATIENT) == 2
    files = open_files()
    with ThreadPoolExecutor(2) as pool:
        beside = pool.submit(neighbour)
        try:
            for number in range(TIMES):
                pid, evaluating = killed_at_work(pool, number)
                killed.append(pid)
                assert evaluating.result(WITHIN_S) == 2 * number
        finally:
            stop.set()
        assert beside.result(WITHIN_S) > 0
    assert len(set(killed)) == TIMES
    assert {*range(TIMES)} <= {*rounds}
    assert not {*killed} & {*apart.apart().pids()}
    assert not [pid for pid in killed if Path(f"/proc/{pid}").exists()]
    assert open_files() == files
