"""Who evaluates beside this process is a fork, and there at once; nobody waits for it for long."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from shared.expr.apart import GRACE_S, Child, apart
from shared.expr.bounds import RUN_IF, STEP
from shared.expr.jsonata import Truth
from shared.expr.nursery import nursery
from tests.support.eventually import eventually
from tests.unit.expr.hostile_builds import BUILDS
from tests.unit.expr.support import evaluate, verdict
from tests.unit.expr.test_apart import APART, ends


def parent_of(pid: int) -> int:
    """Whose fork a process is."""
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[1])


def test_who_is_killed_is_replaced_without_a_start() -> None:
    """By a fork of the same process, which is not this one; nobody waits until all is loaded."""
    assert evaluate(APART % "a", {"a": 1}) == 1
    before = apart().pids()
    assert verdict(BUILDS["shared by a function"], bounds=RUN_IF).truth is Truth.ERROR
    assert evaluate(APART % "a", {"a": 1}) == 1
    after = apart().pids()
    assert len({*before, *after}) == 3
    [parent] = {parent_of(pid) for pid in after}
    assert parent == parent_of(before[1])
    assert parent != os.getpid()


def test_nobody_waits_for_a_quarter_of_a_second() -> None:
    """For what has to be killed, of those that are evaluated on an event loop."""
    assert max(STEP.timeout_s, RUN_IF.timeout_s) + GRACE_S < 0.25


def test_the_one_that_is_forked_is_replaced_too() -> None:
    """When it was killed with all that it had forked, and while nobody looks."""
    assert evaluate(APART % "a", {"a": 1}) == 1
    born = apart().pids()
    forked = parent_of(born[0])
    for pid in (forked, *born):
        os.kill(pid, signal.SIGKILL)
    asyncio.run(eventually(lambda: all(ends(pid) for pid in (forked, *born))))
    assert evaluate(APART % "a", {"a": 2}) == 2
    assert parent_of(apart().pids()[0]) != forked


def test_nobody_else_is_killed() -> None:
    """A process that was not born there, whose id was once that of one that was."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        Child().end()
        nursery().end(other.pid)
        Child().end()  # which is there once it has obeyed
        assert other.poll() is None
        other.communicate(b"\n")
