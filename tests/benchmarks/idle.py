"""All roles with nothing to do: what they use of the processor, and what they ask of Postgres."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, Final

from services.cli.process.roles import ROLES
from tests.benchmarks.costs import medians, quotient
from tests.benchmarks.ground import Ground, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.processes import cpu_seconds, running, wakeups
from tests.support.postgres import execute

NOTHING: Final = "servers_alone"
_SERVERS: Final = {"kafka": ("postgres", "kafka"), "local": ("postgres",)}
"""What each bus needs; what else runs beside it is not its cost."""

_STATEMENT: Final = re.compile(rb"LOG:  (?:execute [^:]*|statement): (.*)")
_STATEMENTS_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How long is looked, ``settle_s`` after the start, on each bus, ``rounds`` times."""

    rounds: int
    seconds: float
    settle_s: float
    buses: Sequence[str]


FULL: Final = Extent(rounds=2, seconds=12.0, settle_s=8.0, buses=("kafka", "local"))
QUICK: Final = Extent(rounds=1, seconds=8.0, settle_s=3.0, buses=("local",))


async def measure_idle(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Look at every role in a process of its own, and at the servers without any, by turns.

    Gives JSON as docs/benchmarks/README.md explains it.
    """
    with_kafka = "kafka" in extent.buses
    sides = (*extent.buses, NOTHING)
    found: dict[str, list[Mapping[str, Any]]] = {side: [] for side in sides}
    async with observed(tell) as machine, open_ground(with_kafka=with_kafka) as ground:
        for number in range(1, extent.rounds + 1):
            seen: dict[str, dict[str, Any]] = {}
            for side in sides:
                seen[side] = await _look(ground, side, extent)
                tell(f"round {number}, {side}: {_told(seen[side])}")
            for side, done in found.items():
                done.append(seen[side] | _of_alone(seen[side], seen[NOTHING], _SERVERS.get(side)))
    return {
        "benchmark": "idle",
        "machine": machine,
        "extent": asdict(extent),
        "sides": {
            side: {
                **medians([{n: f for n, f in r.items() if n != "statements"} for r in done]),
                "statements": _median_rates([r["statements"] for r in done]),
                "rounds": done,
            }
            for side, done in found.items()
        },
    }


def _of_alone(
    found: Mapping[str, Any], alone: Mapping[str, Any], servers: Sequence[str] | None
) -> dict[str, Any]:
    """All roles with the servers that they need, or with all, by these servers without a role."""
    cpu = alone["cpu_percent"]
    used, servers = found["cpu_percent"], servers or list(cpu)
    whole = found["turnout_cpu_percent"] + sum(used[name] for name in servers)
    base = sum(cpu[name] for name in servers)
    return {
        "all_cpu_percent": whole,
        "servers_alone_cpu_percent": base,
        "of_servers_alone": quotient(whole, base),
    }


def _told(found: Mapping[str, Any]) -> str:
    return (
        f"{found['turnout_cpu_percent']:.2f} % of a CPU in Turnout,"
        f" {found['statements_per_s']:.1f} statements/s"
    )


async def _look(ground: Ground, side: str, extent: Extent) -> dict[str, Any]:
    programs = {} if side == NOTHING else {role: (role,) for role in ROLES}
    async with open_place(ground) as place:
        # From here on: the platform of this place, which is ours, is connected already.
        database = place.dsn.rpartition("/")[2]
        await execute(ground.dsn, f"ALTER DATABASE \"{database}\" SET log_statement = 'all'")
        servers = None if side == "kafka" else {"KAFKA_BOOTSTRAP_SERVERS": None}
        environment = {**place.environment(), **(servers or {})}
        async with running(programs, environment) as watched:
            if programs:
                await place.owned_by(1, watched)
            await asyncio.sleep(extent.settle_s)
            watched.ensure_alive()
            roles = {name: process.pid for name, process in watched.processes.items()}
            pids = {**roles, **ground.processes}
            counted, at_s = await place.counters(), monotonic()
            used = await _used(pids, set(roles), ground, extent.seconds)
            now, took_s = await place.counters(), monotonic() - at_s
    return {
        **used,
        "wal_bytes_per_s": (now.wal_bytes - counted.wal_bytes) / took_s,
        "commits_per_s": (now.transactions - counted.transactions) / took_s,
    }


async def _used(
    pids: Mapping[str, int], roles: set[str], ground: Ground, seconds: float
) -> Mapping[str, Any]:
    before, woken = _cpu(pids), _woken(pids, roles)
    at_bytes, at_s = ground.postgres_log.stat().st_size, monotonic()
    await asyncio.sleep(seconds)
    took_s = monotonic() - at_s
    said = _said(ground.postgres_log, at_bytes)
    cpu = {name: 100 * (used - before[name]) / took_s for name, used in _cpu(pids).items()}
    return {
        "cpu_percent": cpu,
        "turnout_cpu_percent": sum(percent for name, percent in cpu.items() if name in roles),
        "wakeups_per_s": {n: (w - woken[n]) / took_s for n, w in _woken(pids, roles).items()},
        "statements_per_s": said.total() / took_s,
        "statements": {text: count / took_s for text, count in said.most_common(_STATEMENTS_MAX)},
    }


def _cpu(pids: Mapping[str, int]) -> Mapping[str, float]:
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def _woken(pids: Mapping[str, int], roles: set[str]) -> Mapping[str, int]:
    return {name: wakeups(pid) for name, pid in pids.items() if name in roles}


def _said(log: Path, from_byte: int) -> Counter[str]:
    """The statements in Postgres' log, by their first line: ours say there what they promise."""
    written = log.read_bytes()[from_byte:]
    return Counter(
        text.decode(errors="replace").removeprefix("-- ")[:100]
        for text in _STATEMENT.findall(written)
    )


def _median_rates(rounds: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    texts = dict.fromkeys(text for found in rounds for text in found)
    return {text: median(found.get(text, 0.0) for found in rounds) for text in texts}
