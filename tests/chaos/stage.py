"""A whole Turnout of real processes behind fault proxies, kept going whatever is done to it."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.benchmarks.processes import resident_bytes
from tests.chaos.cast import CREW, Character, Player, Seat, enter
from tests.chaos.clocks import Clock
from tests.chaos.history import History
from tests.chaos.left_open import Open, held_open, sessions
from tests.chaos.servers import Servers
from tests.chaos.watch import watch
from tests.support.ports import hold_port
from tests.support.rings import written

SESSION_S: Final = 5.0
PARTITIONS: Final = 4
EXECUTIONS_MAX: Final = (100_000, 32)
"""So many executions an environment may have in an executor, of even and odd seeds: few, so that
others are held.
"""
STOP_WITHIN_S: Final = 10.0
_LAST_S: Final = 25.0
_LOOK_S: Final = 1.0
_ASK_TIME_S: Final = 1.0
_CODES: Final = {"SIGTERM": 0, "SIGKILL": -signal.SIGKILL}
_HELD: Final = "turnout_executions_held"


@dataclass(slots=True, eq=False)
class Stage:
    """Servers, processes by seat, and what happened to them.

    ``self_deaths`` are those that nothing of ours explains. ``may_enter`` holds an event for each
    seat; while it is clear, nobody takes the seat's place.
    """

    folder: Path
    servers: Servers
    history: History
    chance: random.Random
    character: Character
    environment: Mapping[str, str]
    api_port: int
    receiver_port: int
    players: dict[str, Player] = field(default_factory=dict)
    may_enter: dict[str, asyncio.Event] = field(default_factory=dict)
    self_deaths: list[str] = field(default_factory=list)
    resident_max: Counter[str] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def receiver_url(self) -> str:
        """Where the receiver is."""
        return f"http://127.0.0.1:{self.receiver_port}"

    @property
    def calm_file(self) -> Path:
        """Once it is there, actors are calm."""
        return self.folder / "calm"

    @property
    def names_file(self) -> Path:
        """What it says befalls who looks up the receiver's name."""
        return self.folder / "names"

    @property
    def busy_file(self) -> Path:
        """While it is there, the receiver has no time for anybody."""
        return self.folder / "busy"

    def alive(self, role: str | None = None) -> list[Player]:
        """The processes that run now, of one role or all, by name."""
        found = [p for _, p in sorted(self.players.items()) if p.process.returncode is None]
        return [p for p in found if role in (None, p.seat.role)]

    def end(self, player: Player, how: signal.Signals) -> None:
        """End a process; the keeper of its seat sees to the next one."""
        player.ended_by += (how.name,)
        with suppress(ProcessLookupError):
            player.process.send_signal(how)

    def rouse(self) -> None:
        """From now on some die, and some stutter, at named points."""
        self.calm_file.unlink(missing_ok=True)

    def calm(self) -> None:
        """From now on nobody dies or stutters at named points any more."""
        self.calm_file.touch()

    def clock_of(self, seat: Seat) -> Clock:
        """The wall clock of whoever fills a seat, where wall clocks can be moved."""
        return Clock(self.folder / f"clock-{seat.name}")

    async def keep(self, seat: Seat) -> None:
        """Fill a seat until the play is over; note every death."""
        may_enter = self.may_enter[seat.name] = asyncio.Event()
        may_enter.set()
        while not self.over.is_set():
            await may_enter.wait()
            arguments = self.character.arguments(seat, self.chance, self.calm_file)
            arguments += ["--history", str(self.folder / "history.jsonl")]
            arguments += ["--names", str(self.names_file)]
            if self.servers.postgres.clocked is not None:
                # Else most would not hear of a jump before it is over.
                arguments += ["--ask-time-s", str(_ASK_TIME_S)]
            environment = {**self.environment, **self._skewed(seat)}
            log = self.folder / f"{seat.name}.log"
            program = self.character.program(seat)
            with hold_port() as admin_port:
                player = await enter(
                    seat, program, environment, log, arguments, admin_port=admin_port
                )
                self.players[seat.name] = player
                if self.over.is_set():
                    self.end(player, signal.SIGKILL)
                code = await player.process.wait()
            self._note(player, code)
            await asyncio.sleep(self.chance.uniform(0.05, 0.5))

    async def watch(self) -> None:
        """Note how much memory each process and how many executions each executor holds.

        Once a second.
        """
        while not self.over.is_set():
            for player in self.alive():
                with suppress(OSError):
                    resident = resident_bytes(player.pid)
                    name = player.seat.name
                    self.resident_max[name] = max(self.resident_max[name], resident)
                    self.history.write("rss", "info", name, bytes=resident)
            for player in self.alive("executor"):
                if count := await player.figure(_HELD):
                    self.history.write("held", "info", player.seat.name, count=count)
            await asyncio.sleep(_LOOK_S)

    async def take_stock(self, when: str) -> dict[str, Open]:
        """What every process holds open, noted with the sessions of all."""
        found: dict[str, Open] = {}
        for player in self.alive():
            with suppress(OSError):
                held = found[player.seat.name] = held_open(player.pid)
                self.history.write("open", "info", player.seat.name, when=when, **held._asdict())
        count = await sessions(self.servers.postgres.direct_dsn)
        self.history.write("sessions", "info", when, count=count)
        return found

    async def ready(self) -> None:
        """Return when every seat is filled and ready."""
        while len(self.alive()) < len(CREW):
            await asyncio.sleep(0.05)
        for player in self.alive():
            await player.ready()

    async def leave(self) -> None:
        """End everything in good order, within a bound; what does not end is a self-death."""
        self.over.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_S):
                for player in self.alive():
                    with suppress(RuntimeError):  # it has ended meanwhile
                        await player.ready()  # before, it knows no good order
        for player in self.alive():
            self.end(player, signal.SIGTERM)
        for player in list(self.players.values()):
            try:
                async with asyncio.timeout(_LAST_S):
                    await player.process.wait()
            except TimeoutError:
                self.self_deaths.append(f"{player.seat.name} does not end:\n{player.said()}")
                player.process.kill()

    def _note(self, player: Player, code: int) -> None:
        point = player.point() if code == -signal.SIGKILL else None
        cause = ", ".join(player.ended_by) if point is None else f"point:{point}"
        # Who was told to stop may do so before it is killed.
        is_ours = point is not None or code in {_CODES[how] for how in player.ended_by}
        data = {"code": code, "cause": cause, "log": "" if is_ours else player.said()}
        self.history.write("death", "ok" if is_ours else "fail", player.seat.name, **data)
        if point is not None:
            self.history.write("fault", "ok", f"point:{point}", seat=player.seat.name)
        if not is_ours:
            self.self_deaths.append(
                f"{player.seat.name} ended with {code} (done to it: {cause}):\n{player.said()}"
            )

    def _skewed(self, seat: Seat) -> dict[str, str]:
        clock = self.clock_of(seat)
        return dict(clock.environment) if clock.file.exists() else {}


@asynccontextmanager
async def open_stage(
    folder: Path,
    servers: Servers,
    *,
    seed: int,
    history: History,
    character: Character,
    has_clocks: bool = False,
) -> AsyncIterator[Stage]:
    """Everything up and ready; ``has_clocks``: wall clocks can be moved (``clocks_move``).

    ``servers`` are empty, or made so by ``Servers.renew``.
    """
    async with AsyncExitStack() as entered:
        receiver_port, api_port = (entered.enter_context(hold_port()) for _ in range(2))
        stage = Stage(
            folder=folder,
            servers=servers,
            history=history,
            chance=random.Random(f"stage {seed}"),
            character=character,
            environment=_environment(servers, api_port, EXECUTIONS_MAX[seed % 2]),
            api_port=api_port,
            receiver_port=receiver_port,
        )
        await entered.enter_async_context(_receiver(folder, receiver_port, seed))
        group = await entered.enter_async_context(asyncio.TaskGroup())
        for seat in CREW:
            if has_clocks:
                stage.clock_of(seat).set()
            group.create_task(stage.keep(seat))
        group.create_task(stage.watch())
        owners = watch(lambda: servers.postgres.direct_dsn, history, stage.over.is_set)
        group.create_task(owners)
        stage.calm()
        try:
            await stage.ready()
            yield stage
            await stage.leave()
        finally:
            for player in stage.alive():
                player.process.kill()


def _environment(servers: Servers, api_port: int, executions_max: int) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": servers.postgres.dsn,
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
        "TURNOUT_PARTITIONS": str(PARTITIONS),
        "TURNOUT_KAFKA__SESSION_TIMEOUT_S": str(SESSION_S),
        "TURNOUT_STOP_WITHIN_S": str(STOP_WITHIN_S),
        "TURNOUT_DRAIN_S": "2",
        "TURNOUT_CONCURRENCY__EXECUTIONS_MAX": str(executions_max),
        "TURNOUT_EGRESS__ALLOW_LOOPBACK": "true",
        "TURNOUT_EGRESS__IDLE_S": "3",
        "TURNOUT_KEYRING": written("chaos"),
        "TURNOUT_WEBHOOKS__TIMEOUT_S": "4",
        "TURNOUT_WEBHOOKS__RETRY_S": str([1.0] * 50),
        "TURNOUT_LOGIN": "none",
        "TURNOUT_PORT": str(api_port),
        "LOG_LEVEL": "WARNING",
    }


@asynccontextmanager
async def _receiver(folder: Path, port: int, seed: int) -> AsyncIterator[None]:
    """The recording receiver; nothing is done to it."""
    with (folder / "receiver.log").open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.receiver"),
            *("--port", str(port), "--history", str(folder / "history.jsonl")),
            *("--seed", str(seed), "--busy", str(folder / "busy")),
            cwd=Path(__file__).parents[2],
            stdin=asyncio.subprocess.PIPE,
            stdout=said,
            stderr=said,
        )
    try:
        yield
        assert process.returncode is None, "the receiver ended by itself"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
