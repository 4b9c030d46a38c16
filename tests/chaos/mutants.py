"""Each safety switched off in its turn: ``python -m tests.chaos.mutants --seconds 8``.

A check that cannot fail is none. Each mutation must break the invariant that it was made for, and
a control run without one, with the faults of all of them, must break none: else exit code 1.
The servers are started once; every run finds them empty.
"""

import argparse
import asyncio
import contextlib
import logging
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.chaos.actor import STALL_SIGNAL
from tests.chaos.mutations import MUTATIONS
from tests.chaos.run import DRAIN_S, Outcome, parser_of_a_run, play_on
from tests.chaos.servers import Servers, open_servers
from tests.chaos.tree import under_test

TRIES: Final = 6
CONTROL: Final = "control"
_GLANCE_S: Final = 3.0
"""So long a zombie may take after the faults to do what it must not."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The control and all mutations, or those that are named; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.mutants", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of events and faults")
    parser.add_argument("--seed", type=int, default=1, help="of the first try; the next ascend")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    given = parser.parse_args(arguments)
    names = given.names or [CONTROL, *MUTATIONS]
    if strangers := set(names) - {CONTROL, *MUTATIONS}:
        parser.error(f"no mutation {sorted(strangers)}: there are {', '.join(MUTATIONS)}")
    # As in a run.
    signal.signal(STALL_SIGNAL, signal.SIG_IGN)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="turnout-mutants-"))
    failed = asyncio.run(_all(names, given.seconds, given.seed, folder))
    for name in failed:
        _say(f"{name}: " + ("not clean" if name == CONTROL else f"unnoticed with {TRIES} seeds"))
    if failed:
        _say(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


async def _all(names: Sequence[str], seconds: float, seed: int, folder: Path) -> list[str]:
    """Gives the names of those that did not come out as they must."""
    failed: list[str] = []
    _say(f"commit: {under_test()}")
    async with open_servers(folder, random.Random(f"servers {seed}")) as servers:
        for name in names:
            tries = 1 if name == CONTROL else TRIES
            for number in range(seed, seed + tries):
                if await _is_as_it_must(name, servers, seconds, number, folder):
                    break
            else:
                failed.append(name)
    return failed


async def _is_as_it_must(
    name: str, servers: Servers, seconds: float, seed: int, folder: Path
) -> bool:
    """One run, told in a line: a mutation breaks its invariant, the control breaks none."""
    began_at = time.monotonic()
    place = folder / f"{name}-{seed}"
    place.mkdir()
    options = parser_of_a_run().parse_args(["--seconds", str(seconds), "--seed", str(seed)])
    if name == CONTROL:
        options.faults = sorted({fault for m in MUTATIONS.values() for fault in m.faults})
        options.points = {p: often for m in MUTATIONS.values() for p, often in m.points.items()}
    else:
        mutation = MUTATIONS[name]
        options.mutation, options.faults, options.points = name, mutation.faults, mutation.points
        options.drain = DRAIN_S if mutation.ends else _GLANCE_S
    with (folder / "runs.log").open("a") as said, contextlib.redirect_stderr(said):
        outcome = await play_on(servers, options, place)
    await servers.renew()
    broken = Counter(str(violation["invariant"]) for violation in outcome.violations)
    _say(_line(name, seed, broken, outcome, time.monotonic() - began_at))
    if name == CONTROL:
        return not broken
    # While something is left to do, what is missing may still come.
    return bool(broken[mutation.breaks]) and not (mutation.ends and broken["I0"])


def _line(name: str, seed: int, broken: Counter[str], outcome: Outcome, seconds: float) -> str:
    found = ", ".join(f"{invariant} {n}" for invariant, n in sorted(broken.items())) or "none"
    faults = sum(outcome.counts.get(f"fault {k}", 0) for k in outcome.faults)
    fenced = f"{outcome.fenced} zombie writes fenced"
    return f"{name}, seed {seed}: broken: {found}; {faults} faults, {fenced}, {seconds:.0f} s"


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
