"""Each safety switched off in its turn: ``python -m tests.chaos.mutants --seconds 20``.

A check that cannot fail is none: a mutation that no run turns red ends this with exit code 1.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import orjson

from tests.chaos.mutations import MUTATIONS

TRIES: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them all, or those that are named; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.mutants", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1, help="of the first try; the next ascend")
    parser.add_argument("names", nargs="*", choices=[*MUTATIONS, []], help="default: all")
    given = parser.parse_args(arguments)
    green = [n for n in given.names or MUTATIONS if not _is_caught(n, given.seconds, given.seed)]
    for name in green:
        sys.stdout.write(f"{name}: nobody noticed, with {TRIES} seeds\n")
    return 1 if green else 0


def _is_caught(name: str, seconds: float, seed: int) -> bool:
    for number in range(seed, seed + TRIES):
        found = subprocess.run(
            [
                *(sys.executable, "-m", "tests.chaos.run", "--mutation", name, "--json"),
                *("--seconds", str(seconds), "--seed", str(number)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        violations = orjson.loads(found.stdout)["violations"] if found.returncode == 1 else []
        by = sorted({one["invariant"] for one in violations})
        sys.stdout.write(f"{name}, seed {number}: {len(violations)} violations {by}\n")
        sys.stdout.flush()
        if violations:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
