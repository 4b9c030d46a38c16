"""How much memory a process has had."""

from pathlib import Path


def peak_bytes() -> int:
    """The most that this process has had at once since its program began. Linux only.

    ``ru_maxrss`` would not do: it begins with what the process had that started this one.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.removesuffix("kB")) * 1024
    raise OSError("/proc/self/status does not tell VmHWM")
