"""The product's processes on the stage: who plays which role, and how one of them ended."""

import asyncio
import contextlib
import math
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession
from prometheus_client.parser import text_string_to_metric_families

from tests.chaos.points import KILLED

LOG_TAIL: Final = 3_000
_READY_S: Final = 90.0
_POLL_S: Final = 0.1
_HERE: Final = Path(__file__).parents[2]
_FIGURE_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A place on the stage: a role and a member name, kept by whoever fills it next."""

    role: str
    number: int

    @property
    def name(self) -> str:
        """The member's name."""
        return f"{self.role}-{self.number}"


CREW: Final = (
    *(Seat(role=role, number=n) for n in range(2) for role in ("trigger-ingest", "matcher")),
    *(Seat(role="executor", number=n) for n in range(2)),
    *(Seat(role=role, number=n) for n in range(2) for role in ("scheduler", "webhooks")),
    *(Seat(role="api", number=n) for n in range(2)),
)

# Where a process of the role may kill itself, and how often it passes there.
FRAILTIES: Final[Mapping[str, Mapping[str, float]]] = {
    "trigger-ingest": {
        "after_archive_before_trigger": 0.05,
        "after_publish_before_offset": 0.05,
        "after_offset": 0.05,
    },
    "matcher": {"after_publish_before_offset": 0.05, "after_offset": 0.05},
    "executor": {
        "after_http_before_commit": 0.02,
        "before_commit": 0.02,
        "after_commit_before_publish": 0.02,
        "after_publish_before_cursor": 0.02,
        "after_claim_before_taking_up": 0.3,
        "while_leaving": 0.3,
    },
    "scheduler": {"after_firing_before_commit": 0.05},
    "webhooks": {
        "after_keeping_before_offset": 0.02,
        "after_claim_before_attempt": 0.02,
        "after_attempt_before_note": 0.02,
    },
    "api": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """What is put into every process from outside: a mutation, stutters, points to die at.

    ``beside``: a checkout of another release, whose program has every second seat.
    """

    mutation: str | None = None
    stutter: float = 0.0
    frailty: float = 0.0
    points: Mapping[str, float] = field(default_factory=dict)
    beside: Path | None = None

    def program(self, seat: Seat) -> Path:
        """The checkout whose program has a seat."""
        return _HERE if self.beside is None or seat.number == 0 else self.beside

    def arguments(self, seat: Seat, chance: random.Random, calm: Path) -> list[str]:
        """As the actor takes them; with probability ``frailty`` one point of its role is deadly."""
        found = ["--seed", str(chance.getrandbits(32)), "--stutter", str(self.stutter)]
        found += ["--calm", str(calm)]
        if self.mutation is not None:
            found += ["--mutation", self.mutation]
        weak = FRAILTIES[seat.role]
        points = {name: often for name, often in self.points.items() if name in weak}
        if weak and chance.random() < self.frailty:
            name = chance.choice(sorted(weak))
            points.setdefault(name, weak[name])
        for name, probability in points.items():
            found += ["--crash-at", f"{name}:{probability}"]
        return found


@dataclass(slots=True, eq=False)
class Player:
    """One process. ``ended_by`` are the signals by which we ended it, if we did.

    ``is_frozen``: it was stopped, to go on later. ``stalled_at``: when its event loop was last
    blocked, in monotonic seconds.
    """

    seat: Seat
    process: asyncio.subprocess.Process
    admin_port: int
    log: Path
    log_from: int
    ended_by: tuple[str, ...] = ()
    is_frozen: bool = False
    stalled_at: float = -math.inf

    @property
    def pid(self) -> int:
        """The process' number."""
        return self.process.pid

    async def ready(self) -> None:
        """Return when it is ready. Raises TimeoutError, or RuntimeError when it has ended."""
        url = f"http://127.0.0.1:{self.admin_port}/readyz"
        async with ClientSession() as session, asyncio.timeout(_READY_S):
            while True:
                if self.process.returncode is not None:
                    raise RuntimeError(f"{self.seat.name} ended at its start:\n{self.said()}")
                try:
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            return
                except ClientError:
                    pass
                await asyncio.sleep(_POLL_S)

    async def figure(self, metric: str) -> float:
        """What its metric comes to, over all labels; 0 when it does not answer at once."""
        url = f"http://127.0.0.1:{self.admin_port}/metrics"
        with contextlib.suppress(ClientError, TimeoutError):
            async with (
                asyncio.timeout(_FIGURE_S),
                ClientSession() as session,
                session.get(url) as answer,
            ):
                families = text_string_to_metric_families(await answer.text())
                return sum(s.value for f in families if f.name == metric for s in f.samples)
        return 0.0

    def said(self) -> str:
        """The end of what this process logged."""
        with self.log.open("rb") as log:
            log.seek(self.log_from)
            return log.read().decode("utf-8", "replace")[-LOG_TAIL:]

    def point(self) -> str | None:
        """The named point at which it killed itself."""
        _, found, rest = self.said().rpartition(KILLED)
        return rest.split()[0] if found else None


async def enter(
    seat: Seat,
    program: Path,
    environment: Mapping[str, str],
    log: Path,
    arguments: Sequence[str],
    *,
    admin_port: int,
) -> Player:
    """Start a process of a checkout for a seat; it is not ready yet."""
    with log.open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.actor", *arguments),
            *("--", "serve", seat.role, "--member", seat.name),
            cwd=program,
            env={**environment, "TURNOUT_ADMIN__PORT": str(admin_port)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        return Player(seat, process, admin_port, log, said.tell())
