"""Which code a run is of, so that a report of it can be held against that code."""

import subprocess
from pathlib import Path
from typing import Final

UNKNOWN: Final = "unknown"
_HERE: Final = Path(__file__).parents[2]


def under_test(beside: Path | None = None) -> str:
    """The commit of this tree, ``-dirty`` when it holds more; then that of the one beside it."""
    return described(_HERE) if beside is None else f"{described(_HERE)} beside {described(beside)}"


def described(tree: Path) -> str:
    """The commit that is checked out there; ``unknown`` where git knows of none."""
    try:
        found = subprocess.run(
            ["git", "-C", str(tree), "describe", "--always", "--dirty", "--tags"],
            capture_output=True,
            check=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return found.stdout.strip() or UNKNOWN
