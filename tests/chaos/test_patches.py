"""What is put into the product from outside still fits it, and says so when it does not."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.patches import Unfit, patch, rewritten
from tests.chaos.points import KILLED

ROOT = Path(__file__).parents[2]


def act(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the product's command line with faults of its own."""
    return python("-m", "tests.chaos.actor", *arguments, "--", "--version")


def python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python where the sources are."""
    return subprocess.run(
        (sys.executable, *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_each_mutation_and_each_point_still_fits_the_code() -> None:
    """All apply, beside each other, in a process of their own."""
    script = (
        "import random\n"
        "from tests.chaos.mutations import MUTATIONS\n"
        "from tests.chaos.points import POINTS, Nerves, watch\n"
        "for point in POINTS.values(): watch(point, Nerves(random.Random(1), 0.0, None), crash=0)\n"
        "for mutation in MUTATIONS.values(): mutation.apply()\n"
    )
    done = python("-c", script)
    assert done.returncode == 0, done.stderr


def test_the_command_line_runs_with_a_mutation() -> None:
    """And is otherwise the product's."""
    done = act("--mutation", "drop_epoch_check", "--crash-at", "before_commit:0.5")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("turnout, version")


def test_a_patch_that_fits_no_more_says_so() -> None:
    """What is gone, or takes other parameters, or holds another text, is an error."""
    with pytest.raises(Unfit, match="gone"):
        patch("services.executor.ledger:Ledger.nothing", lambda found: found)
    with pytest.raises(Unfit, match="gone"):
        patch("services.nowhere:thing", lambda found: found)
    with pytest.raises(Unfit, match="not 'self'"):
        patch("services.executor.ledger:Ledger.disown", lambda found: found, parameters="self")
    with pytest.raises(Unfit, match="0 times"):
        rewritten("a text", "another", "")


def test_a_process_dies_at_its_point_unless_it_is_calm(tmp_path: Path) -> None:
    """It is killed there, and its last words say where."""
    point = 'POINTS["before_commit"]'
    script = (
        "import asyncio, pathlib, random, sys\n"
        "from tests.chaos.points import POINTS, Nerves, watch\n"
        f"watch({point}, Nerves(random.Random(1), 0.0, pathlib.Path(sys.argv[1])), crash=1.0)\n"
        "from services.executor import ledger\n"
        "asyncio.run(ledger.commit_group(None, None))\n"
    )
    calm = tmp_path / "calm"
    wild = python("-c", script, str(calm))
    assert wild.returncode == -signal.SIGKILL
    assert wild.stderr.endswith(f"{KILLED}before_commit\n")
    calm.touch()
    tame = python("-c", script, str(calm))
    assert tame.returncode == 1
    assert "commit_group" in tame.stderr, "it went on, and met the group that is none"


def test_a_point_that_is_not_there_is_refused() -> None:
    """A misspelt point does not pass for one that never kills."""
    done = act("--crash-at", "before_lunch")
    assert done.returncode == 2
    assert "no point before_lunch" in done.stderr
    assert KILLED not in done.stderr
