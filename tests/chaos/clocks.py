"""Wall clocks that jump: libfaketime before a process, its offset in a file."""

import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.embedded.binaries import find_binaries, readable_by_all

_FAKETIME: Final = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
_RIGHT: Final = "+0"
_RUN: Final = '#!/bin/sh\nexec env {settings} {program} "$@"\n'


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock of who was started with ``environment``; ``file`` says how far it is off."""

    file: Path

    def set(self, offset: str = _RIGHT) -> None:
        """Move it: ``+1h``, ``-10`` seconds. At once, and for all who have it."""
        draft = self.file.with_suffix(".new")
        draft.write_text(f"{offset}\n")
        draft.rename(self.file)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of a process that is to go by it."""
        return {
            "LD_PRELOAD": str(_FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            # Else timeouts would jump with the wall.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@dataclass(frozen=True, slots=True)
class ClockedPostgres:
    """Postgres' programs in ``bin_dir``, going by ``clock``."""

    bin_dir: Path
    clock: Clock


@contextmanager
def clocked_postgres() -> Iterator[ClockedPostgres]:
    """Programs that start Postgres under a clock that can be moved (see ``clocks_move``)."""
    binaries = find_binaries()
    if os.geteuid() == 0:
        binaries = readable_by_all(binaries)
    with tempfile.TemporaryDirectory(prefix="turnout-clocked-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postgres has an account of its own
        clock = Clock(folder / "clock")
        clock.set()
        settings = " ".join(f"{k}={shlex.quote(v)}" for k, v in clock.environment.items())
        for program in ("initdb", "postgres"):
            script = folder / program
            path = shlex.quote(str(binaries / program))
            script.write_text(_RUN.format(settings=settings, program=path))
            script.chmod(0o755)
        yield ClockedPostgres(folder, clock)


def clocks_move() -> str | None:
    """None where wall clocks can be moved, else why they cannot."""
    return None if _FAKETIME.exists() else f"NO CLOCK FAULTS: {_FAKETIME} is not there"
