"""Play a seed: ``python -m tests.chaos.run --seconds 60 --seed 1``.

The stage comes up, events flow while faults happen, everything is mended, what is left to do is
done, and what remains is judged. Exit code 0: no violation.
"""

import argparse
import asyncio
import logging
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from tests.chaos.actor import STALL_SIGNAL
from tests.chaos.cast import Character
from tests.chaos.check import check
from tests.chaos.clocks import clocked_postgres, clocks_move
from tests.chaos.drained import left_to_do
from tests.chaos.drive import drive, register
from tests.chaos.dump import dump
from tests.chaos.history import History
from tests.chaos.left_open import Open
from tests.chaos.mutations import MUTATIONS
from tests.chaos.nemesis import KINDS, Planned, schedule, torment
from tests.chaos.plan import EVENTS_PER_S, Plan, make_plan
from tests.chaos.servers import Servers, open_servers, small_disk
from tests.chaos.stage import Stage, open_stage
from tests.chaos.tree import under_test

DRAIN_S: Final = 180.0
DISKS: Final = {"fill_disk": ("postgres", 900), "fill_kafka_disk": ("kafka", 400)}
"""Whose disk a fault fills, and how many MiB it is to have then."""

_CLOCKS: Final = frozenset({"move_clock", "move_postgres_clock"})
STUTTER: Final = 0.05
SETTLE_S: Final = 30.0
_LOOK_S: Final = 0.5
FRAILTY: Final = 0.35


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a run of ``commit``: see ``under_test``.

    ``violations`` are what the stage saw, then what the judge found.
    """

    commit: str
    seed: int
    seconds: float
    mutation: str | None
    faults: dict[str, int] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    fenced: int = 0
    drained_s: float | None = None
    resident_mib: dict[str, int] = field(default_factory=dict)
    violations: list[dict[str, Any]] = field(default_factory=list)

    def add(self, invariant: str, subject: str, detail: str, timeline: Any = ()) -> None:
        """One more violation."""
        self.violations.append(
            {
                "invariant": invariant,
                "subject": subject,
                "detail": detail,
                "timeline": [str(line) for line in timeline],
            }
        )


async def play(options: argparse.Namespace, folder: Path) -> Outcome:
    """The whole run on servers of its own, its files in ``folder``."""
    async with AsyncExitStack() as opened:
        asked = (*options.faults, *options.also)
        for server, mebibytes in (DISKS[name] for name in asked if name in DISKS):
            if not opened.enter_context(small_disk(folder / server, mebibytes)):
                raise SystemExit("NO DISK TO FILL: this machine mounts no tmpfs")
        chance = random.Random(f"servers {options.seed}")
        moves = "move_postgres_clock" in asked
        clocked = opened.enter_context(clocked_postgres()) if moves else None
        servers = await opened.enter_async_context(open_servers(folder, chance, clocked))
        return await play_on(servers, options, folder)


async def play_on(servers: Servers, options: argparse.Namespace, folder: Path) -> Outcome:
    """The whole run on servers that are empty, its files in ``folder``."""
    planned = schedule(options.seed, options.seconds, options.faults, options.also)
    for fault in planned:
        _say(fault)
    outcome = Outcome(
        commit=under_test(options.beside),
        seed=options.seed,
        seconds=options.seconds,
        mutation=options.mutation,
    )
    history = History(folder / "history.jsonl")
    character = Character(
        mutation=options.mutation,
        stutter=STUTTER,
        frailty=options.frailty,
        points=options.points,
        beside=options.beside,
    )
    async with open_stage(
        folder,
        servers,
        seed=options.seed,
        history=history,
        character=character,
        has_clocks="move_clock" in (*options.faults, *options.also),
    ) as stage:
        plan = make_plan(
            options.seed, options.seconds, rate=options.rate, receiver_url=stage.receiver_url
        )
        await _perform(stage, plan, planned, outcome, options.drain)
        await dump(servers.postgres.direct_dsn, servers.bootstrap, folder)
    _judge(stage, plan, outcome)
    return outcome


async def _perform(
    stage: Stage, plan: Plan, planned: Sequence[Planned], outcome: Outcome, drain_s: float
) -> None:
    """Torment and drive; then ``drain_s`` are left to get done with everything."""
    history = stage.history
    await register(plan, api_urls=stage.api_urls, history=history)
    before = await stage.take_stock("begin")
    stage.rouse()
    _phase(history, "drive")
    async with asyncio.TaskGroup() as group:
        driving = group.create_task(
            drive(plan, api_urls=stage.api_urls, bootstrap=stage.servers.bootstrap, history=history)
        )
        faults = await torment(stage, planned, seconds=plan.seconds)
        outcome.faults = dict(sorted(faults.items()))
        stage.calm()
        _phase(history, "healed")
        left = {"driving": 1}
        try:
            async with asyncio.timeout(drain_s):
                await driving
                _phase(history, "drain")
                began_at = time.monotonic()
                while left := await left_to_do(stage.servers):
                    await asyncio.sleep(_LOOK_S)
            outcome.drained_s = round(time.monotonic() - began_at, 1)
            await _settle(stage, before)
        except TimeoutError:
            outcome.add("I0", "everything", f"not done {drain_s} s after all was mended: {left}")
    _phase(history, "end")


async def _settle(stage: Stage, before: Mapping[str, Open]) -> None:
    """Wait until idle connections have been let go, or should have been."""
    ends_at = time.monotonic() + SETTLE_S
    while time.monotonic() < ends_at:
        now = await stage.take_stock("end")
        if all(held.is_about(before[name]) for name, held in now.items()):
            return
        await asyncio.sleep(_LOOK_S)


def _judge(stage: Stage, plan: Plan, outcome: Outcome) -> None:
    for death in stage.self_deaths:
        outcome.add("self-death", death.split()[0], death)
    for late in stage.late:
        outcome.add("deadline", late.split()[0], late)
    for name, resident in stage.resident_max.items():
        outcome.resident_mib[name] = resident // 1_048_576
    report = check(plan, stage.folder)
    outcome.counts = dict(report.counts)
    outcome.fenced = report.counts["zombie writes fenced"]
    for found in report.violations:
        outcome.add(found.invariant, found.subject, found.detail, found.timeline)


def _phase(history: History, name: str) -> None:
    history.write("phase", "info", name)
    _say(f"--- {name}")


def _say(what: object) -> None:
    sys.stderr.write(f"{what}\n")


def tell(outcome: Outcome, *, as_json: bool) -> None:
    """Print what came of a run."""
    if as_json:
        sys.stdout.write(orjson.dumps(asdict(outcome), default=str).decode() + "\n")
        return
    for name, value in asdict(outcome).items():
        if name != "violations":
            sys.stdout.write(f"{name}: {value}\n")
    kinds = Counter(found["invariant"] for found in outcome.violations)
    sys.stdout.write(f"violations: {len(outcome.violations)} {dict(kinds)}\n")
    for found in outcome.violations[:20]:
        sys.stdout.write(f"  {found['invariant']} {found['subject']}: {found['detail']}\n")
    if outcome.violations:
        sys.stdout.write("the first one's timeline:\n")
        for line in outcome.violations[0]["timeline"]:
            sys.stdout.write(f"  {line}\n")


def parser_of_a_run() -> argparse.ArgumentParser:
    """What can be asked of a run."""
    parser = argparse.ArgumentParser(description="Play a seed of chaos, and judge it.")
    parser.add_argument("--seconds", type=float, default=60.0, help="of events and faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drain", type=float, default=DRAIN_S, help="seconds to get done in")
    parser.add_argument("--rate", type=float, default=EVENTS_PER_S, help="events a second")
    parser.add_argument("--mutation", choices=sorted(MUTATIONS), help="a safety to switch off")
    parser.add_argument("--faults", type=_names, default=(), metavar="NAME,…", help="only these")
    parser.add_argument("--also", type=_names, default=(), metavar="NAME,…", help="besides others")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="has every second seat")
    parser.add_argument("--frailty", type=float, default=FRAILTY, help="deadly points: how many")
    parser.add_argument("--points", type=_points, default={}, metavar="NAME:PROBABILITY,…")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--keep", action="store_true", help="the files, also without violation")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name for name in text.split(",") if name)
    if unknown := set(names) - KINDS.keys():
        raise argparse.ArgumentTypeError(f"no fault {unknown}: there are {', '.join(KINDS)}")
    if _CLOCKS & set(names) and (reason := clocks_move()) is not None:
        raise argparse.ArgumentTypeError(reason)
    return names


def _points(text: str) -> dict[str, float]:
    pairs = (pair.partition(":") for pair in text.split(","))
    return {name: float(probability) for name, _, probability in pairs}


def main() -> None:
    """Play, tell, and end with the verdict."""
    options = parser_of_a_run().parse_args()
    # A process that has only just been started keeps what it inherits, and must not die of it.
    signal.signal(STALL_SIGNAL, signal.SIG_IGN)
    # What the driver's own clients say of faults that we make is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if options.mutation is not None:
        mutation = MUTATIONS[options.mutation]
        options.faults = options.faults or mutation.faults
        options.points = options.points or mutation.points
    folder = Path(tempfile.mkdtemp(prefix=f"turnout-chaos-{options.seed}-"))
    _say(f"seed {options.seed}, {options.seconds} s, in {folder}")
    outcome = asyncio.run(play(options, folder))
    tell(outcome, as_json=options.as_json)
    if outcome.violations or options.keep:
        _say(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(bool(outcome.violations))


if __name__ == "__main__":
    main()
