"""How long senders of webhooks wait until what they sent is durable, beside a bare handler.

Open loop: deliveries are due at instants drawn beforehand, and waited for from there.
"""

import asyncio
import hmac
import random
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any, Final

import orjson

from services.cli.process.ports import claim_port
from tests.benchmarks.api_floor import API_FLOOR, PRODUCES
from tests.benchmarks.costs import medians, spread_ms
from tests.benchmarks.events import EVENT, event_record
from tests.benchmarks.ground import Ground, Place, open_ground, open_place
from tests.benchmarks.http_load import Caller, open_callers, request, timed
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.open_loop import arrivals
from tests.benchmarks.processes import running

SECRETS: Final = {"new": "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3", "old": "whsec_b2xkb2xkb2xk"}
_AUTH: Final = {"preset": "standard", "secrets": [*SECRETS]}
_TRIGGER: Final = {"id": "hook", "kind": "webhook"}
_ENDPOINT: Final = {"name": "bench", "event_type_from": "body.event & ':bench'", "auth": _AUTH}
PRODUCT: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "open": ("/v1/workflows", {"name": "open", "triggers": [_TRIGGER]}),
    "signed": (
        "/v1/workflows",
        {"name": "signed", "triggers": [{**_TRIGGER, "webhook": {"auth": _AUTH}}]},
    ),
    "endpoint": ("/v1/webhook-endpoints", _ENDPOINT),
}
"""What has the address: where it is made, and how."""

_WARM_S: Final = 0.5
_BODY: Final = event_record("b-4711", EVENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Deliveries to each side, in each round, over so many connections."""

    rounds: int
    per_s: float
    seconds: float
    connections: int
    bus: str
    seed: int


FULL: Final = Extent(rounds=3, per_s=200, seconds=10, connections=32, bus="kafka", seed=1)
QUICK: Final = Extent(rounds=1, per_s=20, seconds=0.5, connections=4, bus="local", seed=1)


async def measure_webhooks(extent: Extent, tell: Tell) -> Mapping[str, Any]:
    """Measure the sides by turns; gives JSON as docs/benchmarks/README.md explains it."""
    rounds: dict[str, list[Mapping[str, float]]] = {name: [] for name in (PRODUCES, *PRODUCT)}
    with_kafka = extent.bus == "kafka"
    async with observed(tell) as machine, open_ground(with_kafka=with_kafka) as ground:
        for number in range(1, extent.rounds + 1):
            chance = random.Random(extent.seed + number)
            for name, done in rounds.items():
                done.append(await _round(ground, name, extent, chance))
                tell(f"round {number}, {name}: p99 {done[-1]['p99']:.1f} ms")
    sides: dict[str, Mapping[str, Any]] = {
        name: {"ms": medians(done), "rounds": done} for name, done in rounds.items()
    }
    return {
        "benchmark": "webhooks",
        "machine": machine,
        "extent": asdict(extent),
        "sides": sides,
        "marks": {
            "durable within 20 ms (p99)": all(sides[name]["ms"]["p99"] <= 20 for name in PRODUCT)
        },
    }


async def _round(
    ground: Ground, name: str, extent: Extent, chance: random.Random
) -> Mapping[str, float]:
    async with (
        open_place(ground) as place,
        _serving(place, name) as port,
        open_callers(port, extent.connections) as callers,
    ):
        target = "/v1/events" if name == PRODUCES else await _address(callers[0], name)
        numbers = count()

        def make() -> bytes:
            return _delivery(target, next(numbers))

        await _deliver(callers, make, arrivals(extent.per_s, _WARM_S, chance))
        took = await _deliver(callers, make, arrivals(extent.per_s, extent.seconds, chance))
    return {**spread_ms(took), "max": 1000 * max(took)}


@asynccontextmanager
async def _serving(place: Place, name: str) -> AsyncIterator[int]:
    """The port where deliveries are taken."""
    port = claim_port(0)
    program = (API_FLOOR, PRODUCES, str(port)) if name == PRODUCES else ("api",)
    environment = {
        **place.environment(),
        "TURNOUT_PORT": str(port),
        "TURNOUT_RATE_LIMIT__REQUESTS_PER_S": "0",
        **{f"TURNOUT_SECRETS__{name.upper()}": secret for name, secret in SECRETS.items()},
    }
    async with running({"api": program}, environment) as watched:
        yield port
        watched.ensure_alive()


async def _address(caller: Caller, name: str) -> str:
    """The path of a new address."""
    where, body = PRODUCT[name]
    made = orjson.loads((await caller.call(request("POST", where, orjson.dumps(body))))[3:])
    url: str = made.get("webhook_url") or made["url"]
    return url[url.index("/v1/") :]


def _delivery(target: str, number: int) -> bytes:
    """A request by Standard Webhooks; nobody looks at the signature where none is asked for."""
    at, name = int(time.time()), f"msg_{number}"
    key = b64decode(SECRETS["old"].removeprefix("whsec_"))
    digest = hmac.digest(key, f"{name}.{at}.".encode() + _BODY, "sha256")
    head = f"webhook-id: {name}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: v1,".encode()
    whole = head + b64encode(digest) + b"\r\n"
    line, _, rest = request("POST", target, _BODY).partition(b"\r\n")
    return line + b"\r\n" + whole + rest


async def _deliver(
    callers: Sequence[Caller], make: Callable[[], bytes], offsets_s: Sequence[float]
) -> Sequence[float]:
    """Seconds from when each delivery was due until it was answered."""
    free: asyncio.Queue[Caller] = asyncio.Queue(len(callers))
    for caller in callers:
        free.put_nowait(caller)
    start = time.perf_counter()

    async def send(due_s: float) -> float:
        await asyncio.sleep(start + due_s - time.perf_counter())
        caller = await free.get()
        await timed(caller, make(), b"202")
        free.put_nowait(caller)
        return time.perf_counter() - start - due_s

    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(send(due_s)) for due_s in offsets_s]
    return [task.result() for task in sent]
