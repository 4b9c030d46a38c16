"""The job by every peer and by Turnout, one after another, round by round."""

import asyncio
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Final, Protocol

import orjson

from shared.domain.errors import Unavailable
from tests.benchmarks import durable, latency
from tests.benchmarks.costs import medians
from tests.benchmarks.ground import Ground, Place, open_ground, open_place
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.peers.installed import Installed, install
from tests.benchmarks.peers.jobs.closed_loop import STEPS, Given
from tests.benchmarks.peers.known import PEERS, Peer
from tests.benchmarks.peers.servers import ROOT, serving
from tests.benchmarks.processes import cpu_seconds

TURNOUT: Final = "turnout"
PIPELINE: Final = "turnout_pipeline"
_JOB_WITHIN_S: Final = 180.0

Found = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured: ``rounds`` of ``seconds`` at the best of ``tried`` concurrencies."""

    rounds: int
    seconds: float
    warm_up_s: float
    tried: Sequence[int]
    events: int


FULL: Final = Extent(rounds=3, seconds=3.0, warm_up_s=1.5, tried=(16, 64, 256), events=5_000)
QUICK: Final = Extent(rounds=1, seconds=3.0, warm_up_s=1.0, tried=(16,), events=200)


class _Side(Protocol):
    """What is measured; without ``has_concurrency`` it chooses its own."""

    has_concurrency: bool

    async def measure(self, concurrency: int, extent: Extent) -> Found:
        """One run: its rate and its cost. Raises Unavailable when that cannot be had."""
        ...


async def measure_peers(
    extent: Extent, names: Sequence[str], cache: Path, tell: Tell
) -> Mapping[str, Any]:
    """Measure Turnout and the peers called ``names``; gives JSON as docs/benchmarks/README.md says.

    A peer that cannot be installed or started is there with the reason, ``not_measured``.
    """
    found: dict[str, dict[str, Any]] = {TURNOUT: _own(), PIPELINE: _own()}
    async with observed(tell) as machine, open_ground(with_kafka=False) as ground:
        sides: dict[str, _Side] = {
            TURNOUT: _Turnout(ground),
            PIPELINE: _Pipeline(ground, extent.events),
            **await _installed(names, cache, ground, found, tell),
        }
        for name, side in sides.items():
            await _tune(name, side, extent, found[name], tell)
        for number in range(1, extent.rounds + 1):
            for name, side in sides.items():
                await _round(name, side, extent, found[name], tell, number)
    rounds = {name: f["rounds"] for name, f in found.items() if f["rounds"]}
    for name, done in rounds.items():
        found[name] |= medians(done)
        pairs = zip(rounds[TURNOUT], done, strict=True)
        ratios = [own["executions_per_s"] / peer["executions_per_s"] for own, peer in pairs]
        found[name]["turnout_of_it"] = median(ratios)
    return {"benchmark": "peers", "machine": machine, "extent": asdict(extent), "peers": found}


def _own() -> dict[str, Any]:
    settings = (
        "as it comes; its three steps only compute, and so are made durable in one commit, where a"
        " peer checkpoints one after another"
    )
    return {"pins": [], "settings": settings, "advice": [], "rounds": []}


async def _installed(
    names: Sequence[str],
    cache: Path,
    ground: Ground,
    found: dict[str, dict[str, Any]],
    tell: Tell,
) -> Mapping[str, "_Job"]:
    jobs = {}
    for name in names:
        peer = PEERS[name]
        found[name] = {
            "pins": [*peer.pip, *peer.npm],
            "settings": peer.settings,
            "advice": peer.advice,
            "rounds": [],
        }
        tell(f"{name}: installing")
        try:
            jobs[name] = _Job(name, peer, await install(peer, cache), ground)
        except Unavailable as error:
            found[name]["not_measured"] = error.message
            tell(f"{name}: not measured: {error.message}")
    return jobs


async def _tune(name: str, side: _Side, extent: Extent, found: dict[str, Any], tell: Tell) -> None:
    """Find the concurrency that it likes best, in half of the time of a round."""
    shorter = replace(extent, seconds=extent.seconds / 2)
    tried: dict[str, float] = {}
    for concurrency in extent.tried if side.has_concurrency else extent.tried[:1]:
        try:
            rate = (await side.measure(concurrency, shorter))["executions_per_s"]
        except Unavailable as error:
            found["not_measured"] = error.message
            tell(f"{name}: not measured: {error.message}")
            return
        tried[str(concurrency)] = rate
        tell(f"{name}, {concurrency} at once, tried: {rate:,.0f} executions/s")
    found["tried"] = tried
    found["concurrency"] = int(max(tried, key=lambda concurrency: tried[concurrency]))


async def _round(
    name: str, side: _Side, extent: Extent, found: dict[str, Any], tell: Tell, number: int
) -> None:
    if "not_measured" in found:
        return
    done = await side.measure(found["concurrency"], extent)
    found["rounds"].append(done)
    tell(f"round {number}, {name}: {done['executions_per_s']:,.0f} executions/s")


class _Turnout:
    """Turnout's executor, as ``turnout bench run`` drives it."""

    has_concurrency = True

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def measure(self, concurrency: int, extent: Extent) -> Found:
        given = replace(durable.FULL, seconds=extent.seconds, warm_up_s=extent.warm_up_s)
        async with open_place(self._ground) as place:
            owned = [list(range(durable.PARTITIONS_EACH))]
            seen = await durable.measure_loads(place, durable.PRODUCT, owned, concurrency, given)
        if not seen.completed == seen.ended == seen.steps / STEPS:
            raise RuntimeError(f"Turnout lost something: {seen}")
        return {"executions_per_s": seen.executions_per_s, **asdict(seen.cost)}


class _Pipeline:
    """All of Turnout's roles in one process, from an event on the local bus to its results."""

    has_concurrency = False

    def __init__(self, ground: Ground, events: int) -> None:
        self._ground = ground
        self._events = events

    async def measure(self, concurrency: int, extent: Extent) -> Found:  # noqa: ARG002
        return await latency.measure_burst(self._ground, warm_up=200, burst=self._events)


class _Job:
    """A peer's job in its own environment."""

    has_concurrency = True

    def __init__(self, name: str, peer: Peer, installed: Installed, ground: Ground) -> None:
        self._name = name
        self._peer = peer
        self._installed = installed
        self._ground = ground

    async def measure(self, concurrency: int, extent: Extent) -> Found:
        """One run. Raises Unavailable when the peer's server or job ends before its time."""
        with tempfile.TemporaryDirectory(prefix="turnout-peer-") as folder:
            async with (
                open_place(self._ground) as place,
                serving(self._peer.server, self._installed, Path(folder)) as (address, servers),
            ):
                told = Given(
                    peer=self._name,
                    concurrency=concurrency,
                    warm_up_s=extent.warm_up_s,
                    seconds=extent.seconds,
                    dsn=place.dsn,
                    address=address,
                )
                shared = {"postgres": self._ground.processes["postgres"]}
                pids = shared if self._peer.on_postgres else servers
                return await self._run(told, place, pids)

    async def _run(self, told: Given, place: Place, servers: Mapping[str, int]) -> Found:
        process = await asyncio.create_subprocess_exec(
            *(str(self._installed.python), "-m", f"tests.benchmarks.peers.jobs.{self._peer.job}"),
            orjson.dumps(asdict(told)),
            cwd=ROOT,
            stdout=PIPE,
        )
        pids = {"job": process.pid, **servers}
        try:
            async with asyncio.timeout(_JOB_WITHIN_S):
                first, before = await _line(process), await _read(pids, place)
                last, after = await _line(process), await _read(pids, place)
                end = await _line(process)
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if end["stored"] != end["ended"]:
            raise Unavailable(f"It did {end['ended']:,} jobs, but has kept {end['stored']:,}.")
        executions = last["ended"] - first["ended"]
        if not executions:
            raise Unavailable("Not one job ended while it was measured.")
        rate = executions / (last["at_s"] - first["at_s"])
        return {"executions_per_s": rate, **self._cost(before, after, executions)}

    def _cost(self, before: Found, after: Found, executions: int) -> Found:
        each = {name: after[name] - before[name] for name in before}
        cpu = {n: 1000 * used / executions for n, used in each.items() if n not in _COUNTED}
        cost: dict[str, Any] = {
            "cpu_s_per_1000": cpu,
            "all_cpu_s_per_1000": sum(cpu.values()),
        }
        if self._peer.on_postgres:
            cost["wal_bytes_per_execution"] = each["wal_bytes"] / executions
            cost["commits_per_1000_steps"] = 1000 * each["transactions"] / (executions * STEPS)
        return cost


_COUNTED: Final = ("wal_bytes", "transactions")


async def _line(process: Process) -> Found:
    assert process.stdout is not None, "it is a pipe"
    async for line in process.stdout:
        if line.startswith(b"{"):  # libraries have things to say, too
            said: Found = orjson.loads(line)
            return said
    raise Unavailable(f"The job ended early, with exit code {await process.wait()}.")


async def _read(pids: Mapping[str, int], place: Place) -> Found:
    cpu = {name: cpu_seconds(pid) for name, pid in pids.items()}
    return {**cpu, **asdict(await place.counters())}
