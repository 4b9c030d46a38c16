"""How much memory a process has had."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_OWN: Final = Path("/proc/self")
_RESET_PEAK: Final = "5"


@dataclass(slots=True)
class Growth:
    """By how much a process has grown at most; it is told once it is over."""

    grown_bytes: int = 0


@contextmanager
def growing() -> Iterator[Growth]:
    """How much more this process has held meanwhile, however much it has had before.

    Linux only; one at a time.
    """
    growth = Growth()
    # Else what has once been large would hide all that comes after it.
    (_OWN / "clear_refs").write_text(_RESET_PEAK)
    before = peak_bytes()
    try:
        yield growth
    finally:
        growth.grown_bytes = peak_bytes() - before


def peak_bytes() -> int:
    """The most that this process has had at once since its program, or ``growing``, began.

    Linux only. ``ru_maxrss`` would not do: it begins with what whoever started this one had.
    """
    for line in (_OWN / "status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.removesuffix("kB")) * 1024
    raise OSError("/proc/self/status does not tell VmHWM")
