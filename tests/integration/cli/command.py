"""The real ``turnout`` as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TURNOUT = str(Path(sys.executable).with_name("turnout"))
WITHIN_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one document."""
        return json.loads(self.out)


def turnout(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    given: str = "",
    within_s: float = WITHIN_S,
    cwd: Path | None = None,
) -> Done:
    """Run a command to its end, with nothing of ours in its environment but ``env``."""
    done = subprocess.run(
        [TURNOUT, *arguments],
        input=given,
        env=environment(env),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


def environment(env: Mapping[str, str] | None) -> dict[str, str]:
    """The tests' own environment without settings of Turnout, then ``env``."""
    ours = ("TURNOUT_", "DATABASE_URL", "KAFKA_", "LOG_LEVEL")
    rest = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {**rest, **(env or {})}


class Running:
    """A command that goes on until it is told to end."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def err(self) -> str:
        """What it wrote to standard error so far."""
        return self._log.read_text("utf-8")

    def said(self) -> Any:
        """The next line of standard output, a JSON document, as soon as there is one."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.err
        return json.loads(line)

    def end(self, sign: signal.Signals, within_s: float) -> int:
        """Send ``sign``; the exit code."""
        self.process.send_signal(sign)
        return self.process.wait(within_s)


@contextmanager
def running(
    *arguments: str, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """A command in the background; its standard error is kept in ``folder``, its working folder."""
    log = folder / "stderr.log"
    with (
        log.open("w") as err,
        subprocess.Popen(
            [TURNOUT, *arguments],
            env=environment(env),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        ) as process,
    ):
        try:
            yield Running(process, log)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()


def eventually(holds: Callable[[], bool], within_s: float = 60) -> None:
    """Return when it holds; fail when it does not even on a busy machine."""
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that nobody waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends as it is read
        return False
    return state != "Z"
