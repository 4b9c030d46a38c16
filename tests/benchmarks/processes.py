"""The processes that are measured: started, told to stop, and what they used.

A process stops when its standard input ends, so none outlives the benchmark.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

_STOP_S = 30.0
_LOOK_S = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Running:
    """Processes by the name of what they run; ``said`` is what each told at its end."""

    processes: Mapping[str, Process]
    said: Mapping[str, Mapping[str, float]]

    def ensure_alive(self) -> None:
        """Raise RuntimeError if a process has ended by itself."""
        for name, process in self.processes.items():
            if process.returncode is not None:
                raise RuntimeError(f"{name} ended with exit code {process.returncode}")


@asynccontextmanager
async def running(
    programs: Mapping[str, Sequence[str]], environment: Mapping[str, str | None]
) -> AsyncIterator[Running]:
    """Run ``tests.benchmarks.child`` once for each name, with those roles."""
    given = {**os.environ, **environment}
    processes: dict[str, Process] = {}
    started = Running(processes, {})
    try:
        for name, roles in programs.items():
            processes[name] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.benchmarks.child", *roles),
                cwd=Path(__file__).parents[2],
                env={name: value for name, value in given.items() if value is not None},
                stdin=PIPE,
                stdout=PIPE,
            )
        yield started
        async with asyncio.timeout(_STOP_S):
            told = await asyncio.gather(*(p.communicate(b"") for p in processes.values()))
        started.said = {n: orjson.loads(out) for n, (out, _) in zip(processes, told, strict=True)}
    finally:
        for process in processes.values():
            if process.returncode is None:
                process.kill()
                await process.wait()


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used, with its children that live and those that have ended."""
    # proc(5): after the command's name, fields 14 to 17 are user and system time of the process
    # and of its ended children.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(ticks) for ticks in fields[11:15]) / _TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in children)


def resident_bytes(pid: int) -> int:
    """The memory of a process that is in RAM."""
    # proc(5): the second number counts pages.
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


@asynccontextmanager
async def memory_of(pid: int) -> AsyncIterator[list[int]]:
    """``resident_bytes`` ten times a second, from now until the end."""
    seen = [resident_bytes(pid)]

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            seen.append(resident_bytes(pid))

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        yield seen
        looking.cancel()
    seen.append(resident_bytes(pid))
