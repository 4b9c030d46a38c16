"""A whole Turnout of real processes behind fault proxies, kept going whatever is done to it."""

import asyncio
import math
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.benchmarks.processes import resident_bytes
from tests.chaos.around import environment, receiver
from tests.chaos.cast import CREW, Character, Player, Seat, enter
from tests.chaos.clocks import Clock
from tests.chaos.history import History
from tests.chaos.leaving import dismiss, exit_codes
from tests.chaos.left_open import Open, held_open, sessions
from tests.chaos.servers import Servers
from tests.chaos.watch import watch
from tests.support.ports import hold_port

_LAST_S: Final = 25.0
_LOOK_S: Final = 1.0
_ASK_TIME_S: Final = 1.0
_HELD: Final = "turnout_executions_held"
_CALM_AFTER_S: Final = 5.0
"""So long after a server answers again its consequences may show."""


@dataclass(slots=True, eq=False)
class Stage:
    """Servers, processes by seat, and what happened to them.

    ``self_deaths`` are those that nothing of ours explains, ``late`` those who were told to stop
    and did not in time. ``may_enter`` holds an event for each seat; while it is clear, nobody
    takes the seat's place. ``troubles`` counts what is done to servers now.
    """

    folder: Path
    servers: Servers
    history: History
    chance: random.Random
    character: Character
    environment: Mapping[str, str]
    api_ports: Mapping[str, int]
    receiver_port: int
    players: dict[str, Player] = field(default_factory=dict)
    may_enter: dict[str, asyncio.Event] = field(default_factory=dict)
    self_deaths: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    troubles: int = 0
    troubled_at: float = -math.inf
    resident_max: Counter[str] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def api_urls(self) -> list[str]:
        """Where the APIs are."""
        return [f"http://127.0.0.1:{port}" for _, port in sorted(self.api_ports.items())]

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

    async def dismiss(self, player: Player, *, again_after_s: float | None) -> None:
        """Tell a process to stop, perhaps twice; note one that does not in time."""

        def is_calm_since(mono: float) -> bool:
            return not self.troubles and mono > self.troubled_at + _CALM_AFTER_S

        found = await dismiss(
            player, self.history, again_after_s=again_after_s, is_calm_since=is_calm_since
        )
        if found is not None:
            self.late.append(found)

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """While something is done to the servers."""
        self.troubles += 1
        try:
            yield
        finally:
            self.troubles -= 1
            self.troubled_at = time.monotonic()

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
            log = self.folder / f"{seat.name}.log"
            program = self.character.program(seat)
            with hold_port() as admin_port:
                player = await enter(
                    seat, program, self._environment(seat), log, arguments, admin_port=admin_port
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
        is_ours = point is not None or code in exit_codes(player.ended_by)
        data = {"code": code, "cause": cause, "log": "" if is_ours else player.said()}
        self.history.write("death", "ok" if is_ours else "fail", player.seat.name, **data)
        if point is not None:
            self.history.write("fault", "ok", f"point:{point}", seat=player.seat.name)
        if not is_ours:
            self.self_deaths.append(
                f"{player.seat.name} ended with {code} (done to it: {cause}):\n{player.said()}"
            )

    def _environment(self, seat: Seat) -> dict[str, str]:
        found = dict(self.environment)
        if seat.name in self.api_ports:
            found["TURNOUT_PORT"] = str(self.api_ports[seat.name])
        clock = self.clock_of(seat)
        return {**found, **clock.environment} if clock.file.exists() else found


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
        receiver_port = entered.enter_context(hold_port())
        apis = [seat.name for seat in CREW if seat.role == "api"]
        stage = Stage(
            folder=folder,
            servers=servers,
            history=history,
            chance=random.Random(f"stage {seed}"),
            character=character,
            environment=environment(servers, seed),
            api_ports={name: entered.enter_context(hold_port()) for name in apis},
            receiver_port=receiver_port,
        )
        await entered.enter_async_context(receiver(folder, receiver_port, seed))
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
