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
from time import clock_gettime

import orjson

_STOP_S = 120.0
_LOOK_S = 0.1
_CPUCLOCK_SCHED = 2
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

    async def ask(self) -> Mapping[str, Mapping[str, float]]:
        """What each process says now, of those that answer lines; 2 min at most."""
        async with asyncio.timeout(_STOP_S):
            told = await asyncio.gather(*(_asked(p) for p in self.processes.values()))
        self.ensure_alive()
        return dict(zip(self.processes, told, strict=True))


async def _asked(process: Process) -> Mapping[str, float]:
    assert process.stdin is not None, "it is a pipe"
    assert process.stdout is not None, "it is a pipe"
    process.stdin.write(b"\n")
    said: Mapping[str, float] = orjson.loads(await process.stdout.readline() or b"{}")
    return said


@asynccontextmanager
async def running(
    programs: Mapping[str, Sequence[str]],
    environment: Mapping[str, str | None],
    python: Sequence[str] = ("-m", "tests.benchmarks.child"),
) -> AsyncIterator[Running]:
    """Run Python so once for each name, with these further arguments: roles, to the usual child.

    ``said`` is the last line each of them wrote. Each is a member of its own.
    """
    given = {**os.environ, **environment}
    processes: dict[str, Process] = {}
    started = Running(processes, {})
    try:
        for name, arguments in programs.items():
            processes[name] = await asyncio.create_subprocess_exec(
                *(sys.executable, *python, *arguments),
                cwd=Path(__file__).parents[2],
                env={n: v for n, v in {**given, **_member(given, name)}.items() if v is not None},
                stdin=PIPE,
                stdout=PIPE,
            )
        yield started
        async with asyncio.timeout(_STOP_S):
            told = await asyncio.gather(*(p.communicate(b"") for p in processes.values()))
        started.said = {
            name: orjson.loads(out.splitlines()[-1])
            for name, (out, _) in zip(processes, told, strict=True)
        }
    finally:
        for process in processes.values():
            if process.returncode is None:
                process.kill()
                await process.wait()


def _member(given: Mapping[str, str | None], name: str) -> Mapping[str, str]:
    return {"TURNOUT_MEMBER": f"{given['TURNOUT_MEMBER']}-{name}"}


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used, with its children that live and those that have ended."""
    # clock_getcpuclockid(3): a process's clock counts nanoseconds, proc(5) whole ticks, which idle
    # processes seldom fill. Only there, in fields 16 and 17, are the children that have ended.
    own = clock_gettime(~pid << 3 | _CPUCLOCK_SCHED)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = sum(int(ticks) for ticks in fields[13:15]) / _TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + ended + sum(cpu_seconds(int(child)) for child in children)


def wakeups(pid: int) -> int:
    """How often the threads of a process have been given the processor."""
    return sum(
        int(line.split()[1])
        for status in Path(f"/proc/{pid}/task").glob("*/status")
        for line in status.read_text().splitlines()
        if "ctxt_switches" in line
    )


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
