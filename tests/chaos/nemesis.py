"""Which faults happen when: drawn from a seed, printed before they begin, mended at their end."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tests.chaos import faults, operator_faults, receiver_faults, server_faults
from tests.chaos.faults import Fault, Moment
from tests.chaos.stage import Stage

PAUSE_S: Final = 2.0
ASKED_WEIGHT: Final = 4.0
"""Of what is asked for besides all others."""
_HOLD_UP_S: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How often a fault is chosen among the others, how long it lasts, and what it needs whole.

    Two faults that need the same do not happen at once. ``weight`` 0: only when asked for.
    """

    do: Fault
    weight: float
    seconds: tuple[float, float]
    needs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault to come; ``seed`` decides whatever else is chance in it."""

    at_s: float
    name: str
    seconds: float
    seed: int

    def __str__(self) -> str:
        return f"{self.at_s:7.2f} s  {self.name} ({self.seconds:.2f} s, seed {self.seed})"


def _kind(do: Fault, weight: float, shortest_s: float, longest_s: float, *needs: str) -> Kind:
    return Kind(do=do, weight=weight, seconds=(shortest_s, longest_s), needs=frozenset(needs))


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        kind.do.__name__: kind
        for kind in (
            _kind(faults.kill_process, 14, 0.0, 0.1),
            _kind(faults.kill_executor, 3, 0.5, 3, "executors"),
            _kind(faults.make_zombie, 6, 0, 2, "executors"),
            _kind(faults.freeze, 5, 0, 0.1, "executors"),
            _kind(faults.freeze_scheduler, 2, 2, 6),
            _kind(faults.roll, 2, 3, 6, "executors"),
            _kind(faults.kill_all, 1, 0.5, 2, "postgres", "kafka", "executors"),
            _kind(faults.stall, 3, 0.0, 0.1),
            _kind(server_faults.restart_postgres, 4, 0.2, 3, "postgres"),
            _kind(server_faults.kill_backend, 3, 0.0, 0.1, "postgres"),
            _kind(server_faults.lose_commit_answers, 6, 0.05, 0.6, "postgres"),
            _kind(server_faults.cut_answers_short, 5, 0.1, 0.6, "postgres"),
            _kind(server_faults.swallow_postgres, 3, 1, 6, "postgres"),
            _kind(server_faults.swallow_postgres_for_long, 1, 29, 30, "postgres"),
            _kind(server_faults.hold_connections, 2, 1, 3, "postgres"),
            _kind(server_faults.hold_locks, 4, 0.5, 3, "postgres"),
            _kind(server_faults.end_sessions, 4, 0.0, 0.1, "postgres"),
            _kind(server_faults.long_transaction, 1, 3, 10, "postgres"),
            _kind(server_faults.restart_kafka, 2, 0.2, 3, "kafka"),
            _kind(server_faults.freeze_kafka, 2, 0.5, 3, "kafka"),
            _kind(server_faults.lose_produce_answers, 5, 0.1, 1.0, "kafka"),
            _kind(server_faults.swallow_kafka, 3, 1, 6, "kafka"),
            _kind(faults.storm, 2, 3, 8, "kafka", "executors"),
            _kind(server_faults.slow_everything, 2, 3, 8, "postgres", "kafka"),
            _kind(server_faults.refuse_everything, 1, 0.5, 3, "postgres", "kafka"),
            _kind(receiver_faults.lose_names, 2, 2, 10, "receiver"),
            _kind(receiver_faults.overwhelm_receiver, 2, 2, 6, "receiver"),
            _kind(operator_faults.migrate_schema, 2, 0, 0.1, "postgres"),
            _kind(operator_faults.add_partitions, 0, 3, 6, "kafka", "executors"),
            _kind(server_faults.fill_disk, 0, 2, 6, "postgres"),
            _kind(server_faults.fill_kafka_disk, 0, 3, 8, "kafka"),
            _kind(faults.move_clock, 0, 2, 6),
            _kind(server_faults.move_postgres_clock, 0, 2, 6, "clock"),
        )
    }
)


def schedule(
    seed: int, seconds: float, names: Sequence[str] = (), also: Sequence[str] = ()
) -> list[Planned]:
    """The faults of a run: the same seed gives the same. ``names``: these only, else by weight.

    ``also`` are among them though they have none. Every one is to be over when the run is.
    """
    chance = random.Random(f"nemesis {seed}")
    weights = {name: kind.weight for name, kind in KINDS.items() if not names or name in names}
    if names:
        weights = {name: weight or 1.0 for name, weight in weights.items()}
    weights |= dict.fromkeys(also, ASKED_WEIGHT)
    found: list[Planned] = []
    busy_until: defaultdict[str, float] = defaultdict(float)
    at_s = chance.uniform(0, PAUSE_S)
    while at_s < seconds:
        free = {n: w for n, w in weights.items() if all(busy_until[x] <= at_s for x in _needs(n))}
        if any(free.values()):
            name = chance.choices(list(free), list(free.values()))[0]
            lasts_s = chance.uniform(*KINDS[name].seconds)
            if at_s + lasts_s <= seconds:
                found.append(
                    Planned(at_s=at_s, name=name, seconds=lasts_s, seed=chance.getrandbits(32))
                )
                for need in _needs(name):
                    busy_until[need] = at_s + lasts_s + PAUSE_S
        at_s += chance.expovariate(1 / PAUSE_S)
    return found


def _needs(name: str) -> frozenset[str]:
    return KINDS[name].needs


async def torment(stage: Stage, planned: Sequence[Planned], *, seconds: float) -> Counter[str]:
    """Do it all, each in its time, and return when everything is mended: how often what was done.

    A fault that is late, because an earlier one that needs the same took longer, is left out.
    """
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    locks = {need: asyncio.Lock() for kind in KINDS.values() for need in kind.needs}
    done: Counter[str] = Counter()

    async def one(fault: Planned) -> None:
        await asyncio.sleep(began_at + fault.at_s - loop.time())
        kind = KINDS[fault.name]
        if any(locks[need].locked() for need in kind.needs):
            stage.history.write("fault", "fail", fault.name, reason="in the way of another")
            return
        for need in sorted(kind.needs):
            await locks[need].acquire()
        try:
            is_done = await _happens(stage, kind, fault)
            done[fault.name] += is_done
        finally:
            for need in kind.needs:
                locks[need].release()

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
