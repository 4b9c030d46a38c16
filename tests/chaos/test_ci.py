"""What CI demands of its two short seeds together."""

import os
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / ".ci" / "run"
MAKE = """#!/usr/bin/env bash
if [ "$1" = chaos ]; then
    case "$*" in
    *SEED=1*) echo "fenced: {first}" ;;
    *SEED=2*) echo "fenced: {second}" ;;
    esac
    exit {code}
fi
"""


def run(folder: Path, first: int, second: int, code: int = 0) -> subprocess.CompletedProcess[str]:
    """CI's own script, where two seeds end so."""
    make = folder / "make"
    make.write_text(MAKE.format(first=first, second=second, code=code))
    make.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return subprocess.run(
        [str(RUN)], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("first", "second"), [(3, 0), (0, 1)])
def test_one_fenced_write_is_enough(tmp_path: Path, first: int, second: int) -> None:
    """It passes when the fence refused a write in either seed."""
    assert run(tmp_path, first, second).returncode == 0


def test_a_fence_that_nobody_ran_into_fails(tmp_path: Path) -> None:
    """Without any it fails, and says why."""
    found = run(tmp_path, 0, 0)
    assert found.returncode != 0
    assert "No write of a zombie came to the fence" in found.stderr


def test_a_seed_that_fails_fails_ci(tmp_path: Path) -> None:
    """A violation is no less one for passing through a pipe."""
    assert run(tmp_path, 1, 1, code=1).returncode != 0
