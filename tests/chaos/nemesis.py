"""Which faults happen when: drawn from a seed, printed before they begin, mended at their end."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tests.chaos import faults, operator_faults, receiver_faults, server_faults, zombies
from tests.chaos.faults import Fault, Moment
from tests.chaos.stage import Stage
from tests.chaos.timetable import Span, Timetable

PAUSE_S: Final = 2.0
DECK_S: Final = 60.0
"""By then each kind has had its turn, if there is room."""

ASKED_WEIGHT: Final = 4.0
"""Of what is asked for besides all others."""
LONG_RUN_S: Final = 120.0
LONG_S: Final = 60.0
LONG_SHARE: Final = 0.25
"""In runs this long, some faults sometimes last up to a minute."""

FIRST: Final = "make_zombie"
"""No run is without it: what the fence refuses is to be seen in each."""

LATE_S: Final = 10.0
"""So long after the end of a run a fault may still begin that others held up."""
_HOLD_UP_S: Final = 90.0
_SERVERS: Final = frozenset({"postgres", "kafka"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How often a fault is chosen among the others, how long it lasts, and what it needs whole.

    Two faults that need the same do not happen at once; ``more_s`` is about how long one takes
    beside what it lasts. ``is_long``: it may last for a minute in long runs. ``weight`` 0: only
    when asked for.
    """

    do: Fault
    weight: float
    seconds: tuple[float, float]
    needs: frozenset[str]
    more_s: float = 0.0
    is_long: bool = False

    @property
    def load(self) -> float:
        """How much of a run it takes up: seconds, times what it needs."""
        return len(self.needs) * (self.seconds[0] + self.more_s + PAUSE_S)

    def drawn_s(self, chance: random.Random, seconds: float) -> float:
        """How long one is to last in a run of so many seconds."""
        shortest_s, longest_s = self.seconds
        if self.is_long and seconds >= LONG_RUN_S and chance.random() < LONG_SHARE:
            return chance.uniform(longest_s, LONG_S)
        # Short ones in short runs, so that many have room.
        return chance.uniform(shortest_s, min(longest_s, shortest_s + seconds / 20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault to come; ``seed`` decides whatever else is chance in it."""

    at_s: float
    name: str
    seconds: float
    seed: int

    def __str__(self) -> str:
        return f"{self.at_s:7.2f} s  {self.name} ({self.seconds:.2f} s, seed {self.seed})"


def _kind(
    do: Fault,
    weight: float,
    shortest_s: float,
    longest_s: float,
    *needs: str,
    more_s: float = 0.0,
    is_long: bool = False,
) -> Kind:
    return Kind(
        do=do,
        weight=weight,
        seconds=(shortest_s, longest_s),
        needs=frozenset(needs),
        more_s=more_s,
        is_long=is_long,
    )


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        kind.do.__name__: kind
        for kind in (
            _kind(faults.kill_process, 14, 0.0, 0.1),
            _kind(faults.kill_executor, 3, 0.5, 3, "executors", more_s=5),
            # Others are to take over from it, and what it writes when it wakes is to be refused.
            _kind(zombies.make_zombie, 6, 0, 2, "executors", "postgres", "kafka", more_s=7),
            _kind(faults.freeze, 5, 0, 0.1, "executors", more_s=7),
            _kind(faults.freeze_scheduler, 2, 2, 6),
            _kind(faults.roll, 2, 3, 6, "executors", more_s=6),
            _kind(faults.kill_all, 1, 0.5, 2, "postgres", "kafka", "executors", more_s=8),
            _kind(faults.stall, 3, 0.0, 0.1),
            _kind(server_faults.restart_postgres, 4, 0.2, 3, "postgres", more_s=2),
            _kind(server_faults.kill_backend, 3, 0.0, 0.1, "postgres"),
            _kind(server_faults.lose_commit_answers, 6, 0.05, 0.6, "postgres"),
            _kind(server_faults.cut_answers_short, 5, 0.1, 0.6, "postgres"),
            _kind(server_faults.swallow_postgres, 3, 1, 6, "postgres"),
            _kind(server_faults.swallow_postgres_for_long, 1, 29, 30, "postgres"),
            _kind(server_faults.hold_connections, 2, 1, 3, "postgres", more_s=3),
            _kind(server_faults.hold_locks, 4, 0.5, 3, "postgres"),
            _kind(server_faults.end_sessions, 4, 0.0, 0.1, "postgres"),
            _kind(server_faults.long_transaction, 1, 3, 10, "postgres", is_long=True),
            _kind(server_faults.restart_kafka, 2, 0.2, 3, "kafka", more_s=6, is_long=True),
            _kind(server_faults.freeze_kafka, 2, 0.5, 3, "kafka", more_s=5),
            _kind(server_faults.lose_produce_answers, 5, 0.1, 1.0, "kafka"),
            _kind(server_faults.swallow_kafka, 3, 1, 6, "kafka"),
            _kind(faults.storm, 2, 3, 8, "kafka", "executors"),
            _kind(server_faults.slow_everything, 2, 3, 8, "postgres", "kafka"),
            _kind(server_faults.refuse_everything, 1, 0.5, 3, "postgres", "kafka"),
            _kind(receiver_faults.lose_names, 2, 2, 10, "receiver"),
            _kind(receiver_faults.overwhelm_receiver, 2, 2, 6, "receiver"),
            _kind(operator_faults.migrate_schema, 2, 0, 0.1, "postgres"),
            _kind(operator_faults.add_partitions, 0, 3, 6, "kafka", "executors", more_s=10),
            _kind(server_faults.fill_disk, 0, 2, 6, "postgres"),
            _kind(server_faults.fill_kafka_disk, 0, 3, 8, "kafka", more_s=6),
            _kind(faults.move_clock, 0, 2, 6, is_long=True),
            _kind(server_faults.move_postgres_clock, 0, 2, 6, "clock", is_long=True),
        )
    }
)


def schedule(
    seed: int, seconds: float, names: Sequence[str] = (), also: Sequence[str] = ()
) -> list[Planned]:
    """The faults of a run: the same seed gives the same. ``names``: these only, else by weight.

    ``also`` are among them though they have none. At first each kind has its turn, then chance
    decides by weight. Every one is to be over when the run is, but for what it takes beside.
    """
    chance = random.Random(f"nemesis {seed}")
    weights = _weights(names, also)
    # What takes up most of a run has to be asked for.
    longest_s = seconds if names else seconds / 2
    table = Timetable(seconds, min(PAUSE_S, seconds / 30))
    found: list[Planned] = []

    def draw(name: str, begin_s: float) -> Span | None:
        kind = KINDS[name]
        lasts_s = kind.drawn_s(chance, seconds)
        span = table.span(begin_s, lasts_s, kind.more_s, kind.needs)
        return span if lasts_s <= longest_s else None

    def plan(name: str, span: Span) -> None:
        table.take(span)
        lasts_s, number = span.over_s - span.begin_s, chance.getrandbits(32)
        found.append(Planned(at_s=span.begin_s, name=name, seconds=lasts_s, seed=number))

    for name in _deck(seed, list(weights)):
        begin_s = chance.uniform(0, PAUSE_S if KINDS[name].needs else min(seconds, DECK_S) / 2)
        span = draw(name, 0.0 if name == FIRST else begin_s)
        if span and (place := table.place(span)):
            plan(name, place)
    at_s = chance.uniform(0, PAUSE_S)
    while at_s < seconds:
        spans = {name: draw(name, at_s) for name in weights}
        free = {name: span for name, span in spans.items() if span and table.fits(span)}
        if free and not any(abs(other.at_s - at_s) < PAUSE_S / 2 for other in found):
            name = chance.choices(list(free), [weights[name] for name in free])[0]
            plan(name, free[name])
        at_s += chance.expovariate(1 / PAUSE_S)
    return sorted(found, key=lambda fault: fault.at_s)


def _weights(names: Sequence[str], also: Sequence[str]) -> dict[str, float]:
    """The kinds that are to happen, with their weights."""
    found = {name: kind.weight for name, kind in KINDS.items() if not names or name in names}
    if names:
        found = {name: weight or 1.0 for name, weight in found.items()}
    found |= dict.fromkeys(also, ASKED_WEIGHT)
    return {name: weight for name, weight in found.items() if weight}


def _deck(seed: int, names: Sequence[str]) -> list[str]:
    """In which order kinds find room: an odd seed begins with one half, the next with the other.

    So two short runs together play nearly all. Halves are alike in how much of a run they take up.
    """
    chance = random.Random(f"hand {(seed + 1) // 2}")
    ranked = sorted(names, key=lambda name: (KINDS[name].load, name))
    halves: list[list[str]] = [[], []]
    for at in range(0, len(ranked), 2):
        pair = ranked[at : at + 2]
        for half, name in zip(halves, chance.sample(pair, len(pair)), strict=False):
            half.append(name)
    mine, others = (chance.sample(half, len(half)) for half in halves)
    order = [*mine, *others] if seed % 2 else [*others, *mine]
    return sorted(order, key=lambda name: name != FIRST)


async def torment(stage: Stage, planned: Sequence[Planned], *, seconds: float) -> Counter[str]:
    """Do it all, each in its time, and return when everything is mended: how often what was done.

    A fault that is late, because an earlier one that needs the same took longer, waits for it. It
    is left out when the run has been over for a while before.
    """
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    locks = {need: asyncio.Lock() for kind in KINDS.values() for need in kind.needs}
    done: Counter[str] = Counter()

    async def one(fault: Planned) -> None:
        await asyncio.sleep(began_at + fault.at_s - loop.time())
        kind = KINDS[fault.name]
        async with AsyncExitStack() as meanwhile:
            try:
                async with asyncio.timeout_at(began_at + seconds + LATE_S):
                    for need in sorted(kind.needs):
                        await meanwhile.enter_async_context(locks[need])
            except TimeoutError:
                stage.history.write("fault", "fail", fault.name, reason="in the way of another")
                return
            if kind.needs & _SERVERS:
                meanwhile.enter_context(stage.trouble())
            is_done = await _happens(stage, kind, fault)
            done[fault.name] += is_done

    async with asyncio.TaskGroup() as group:
        for fault in planned:
            group.create_task(one(fault))
    await asyncio.sleep(began_at + seconds - loop.time())
    return done


async def _happens(stage: Stage, kind: Kind, fault: Planned) -> bool:
    stage.history.write("fault", "invoke", fault.name, seconds=fault.seconds, seed=fault.seed)
    moment = Moment(stage=stage, chance=random.Random(fault.seed), seconds=fault.seconds)
    try:
        async with asyncio.timeout(_HOLD_UP_S):
            data = await kind.do(moment)
    except (LookupError, *server_faults.GONE) as error:
        # What it was to happen to is not there, because of another fault.
        stage.history.write("fault", "fail", fault.name, reason=repr(error))
        return False
    stage.history.write("fault", "ok", fault.name, **data)
    return True
