"""The API: events taken, one by one and in batches, and what is found in a large history."""

import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import orjson

from services.cli.process.ports import claim_port
from tests.benchmarks.api_cases import CASES, Asked
from tests.benchmarks.api_floor import ANSWERS, API_FLOOR, PRODUCES
from tests.benchmarks.costs import medians, spread_ms
from tests.benchmarks.events import EVENT, event_record
from tests.benchmarks.ground import Ground, Place, open_ground, open_place
from tests.benchmarks.http_load import Caller, flood, open_callers, request, timed
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.million import fill
from tests.benchmarks.processes import Running, cpu_seconds, running

BATCH: Final = 500
TURNOUT: Final = "turnout"
SIDES: Final = (TURNOUT, PRODUCES, ANSWERS)
BARE: Final = "a bare handler's answer"

_OPERATOR: Final = "the-operator-of-a-benchmark"
_WARM_S: Final = 1.0
_SEED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How long each side is asked, in each form, by so many at once; what is searched, how often.

    ``executions`` are in the history, ``asked`` is how often each question is put in a round.
    """

    rounds: int
    seconds: float
    concurrency: int
    bus: str
    executions: int
    asked: int


FULL: Final = Extent(
    rounds=3, seconds=5.0, concurrency=32, bus="kafka", executions=1_000_000, asked=200
)
QUICK: Final = Extent(rounds=1, seconds=0.5, concurrency=4, bus="local", executions=3_000, asked=10)


async def measure_api(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Measure the sides by turns, then the questions by turns, round by round.

    Gives JSON as docs/benchmarks/README.md explains it.
    """
    sides: dict[str, list[Mapping[str, Any]]] = {side: [] for side in SIDES}
    with_kafka = extent.bus == "kafka"
    async with observed(tell) as machine, open_ground(with_kafka=with_kafka) as ground:
        for number in range(1, extent.rounds + 1):
            for side, done in sides.items():
                done.append(await _written(ground, side, extent))
                tell(f"round {number}, {side}: {_told(done[-1])}")
        reads = await _read(ground, extent, tell)
    written = {side: {**medians(done), "rounds": done} for side, done in sides.items()}
    return {
        "benchmark": "api",
        "machine": machine,
        "extent": {**asdict(extent), "batch": BATCH},
        "sides": written,
        "reads": reads,
        "marks": {
            "2,000 requests/s a core": written[TURNOUT]["single"]["per_cpu_s"] >= 2_000,
            "20,000 events/s a core": written[TURNOUT]["batch"]["per_cpu_s"] >= 20_000,
            "an execution within 10 ms": reads["an execution"]["p99"] <= 10,
            "a search within 50 ms": reads["status, workflow, time"]["p99"] <= 50,
            "a deep page within 50 ms": reads["a deep page"]["p99"] <= 50,
        },
    }


def _told(found: Mapping[str, Mapping[str, float]]) -> str:
    return ", ".join(
        f"{form} {figures['per_s']:,.0f}/s, {figures['per_cpu_s']:,.0f} a core"
        for form, figures in found.items()
    )


async def _written(ground: Ground, side: str, extent: Extent) -> Mapping[str, Any]:
    forms = {"single": (_singles, 1), "batch": (_batches, BATCH)}
    found = {}
    async with open_place(ground) as place, _serving(place, side) as (port, watched, token):
        pid = watched.processes["api"].pid
        async with open_callers(port, extent.concurrency) as callers:
            for form, (make, events) in forms.items():
                asking = make(token)
                await flood(callers, asking, min(_WARM_S, extent.seconds), b"202")
                used_s = cpu_seconds(pid)
                answers, took_s = await flood(callers, asking, extent.seconds, b"202")
                used_s = cpu_seconds(pid) - used_s
                found[form] = {
                    "per_s": events * answers / took_s,
                    "per_cpu_s": events * answers / max(used_s, 0.01),
                    "cpu_percent": 100 * used_s / took_s,
                }
        watched.ensure_alive()
    return found


async def _read(ground: Ground, extent: Extent, tell: Tell) -> Mapping[str, Mapping[str, float]]:
    now, chance = datetime.now(UTC), random.Random(_SEED)
    seconds: dict[str, list[float]] = {name: [] for name in (BARE, *CASES)}
    async with open_place(ground) as place:
        tell(f"laying down {extent.executions:,} executions")
        await fill(place.platform.pool, extent.executions, now)
        await place.flush()
        asked = Asked(chance=chance, count=extent.executions, now=now)
        async with (
            _serving(place, TURNOUT) as (port, _, token),
            _serving(place, ANSWERS) as (bare_port, _, _),
            open_callers(port, 1) as [caller],
            open_callers(bare_port, 1) as [bare],
        ):
            for number in range(extent.rounds + 1):
                for name in seconds:
                    asker = bare if name == BARE else caller
                    took = await _ask(asker, name, asked, token, extent)
                    seconds[name] += took if number else []  # nobody is in haste at the first
                tell(f"round {number}: asked")
    return {name: {**spread_ms(took), "max": 1000 * max(took)} for name, took in seconds.items()}


async def _ask(
    caller: Caller, name: str, asked: Asked, token: str | None, extent: Extent
) -> Sequence[float]:
    target = CASES.get(name, CASES["an execution"])
    return [
        await timed(caller, request("GET", target(asked), token=token)) for _ in range(extent.asked)
    ]


@asynccontextmanager
async def _serving(place: Place, side: str) -> AsyncIterator[tuple[int, Running, str | None]]:
    """The port of a side, its process, and what to show it."""
    port = claim_port(0)
    program = ("api",) if side == TURNOUT else (API_FLOOR, side, str(port))
    environment = {
        **place.environment(),
        "TURNOUT_PORT": str(port),
        "TURNOUT_LOGIN": "token",
        "TURNOUT_TOKEN": _OPERATOR,
        "TURNOUT_RATE_LIMIT__REQUESTS_PER_S": "0",
    }
    async with running({"api": program}, environment) as watched:
        yield port, watched, await _key(port) if side == TURNOUT else None


async def _key(port: int) -> str:
    """A key that may send events and see everything, as most callers would show."""
    body = orjson.dumps({"name": "benchmark", "scopes": ["publish", "read", "payloads"]})
    async with open_callers(port, 1) as [caller]:
        answer = await caller.call(request("POST", "/v1/keys", body, _OPERATOR))
    secret: str = orjson.loads(answer[3:])["secret"]
    return secret


def _singles(token: str | None) -> Callable[[], bytes]:
    numbers = count()
    return lambda: request("POST", "/v1/events", _event(next(numbers)), token)


def _batches(token: str | None) -> Callable[[], bytes]:
    numbers = count()

    def make() -> bytes:
        events = b",".join(_event(next(numbers)) for _ in range(BATCH))
        return request("POST", "/v1/events/batch", b"[" + events + b"]", token)

    return make


_MARK: Final = "b-4711"
_BODY: Final = event_record(_MARK, EVENT)


def _event(number: int) -> bytes:
    return _BODY.replace(_MARK.encode(), str(number).encode())
