"""A report says of which code it is."""

import subprocess
from pathlib import Path

import pytest

from tests.chaos.run import Outcome, tell
from tests.chaos.tree import UNKNOWN, described


def git(folder: Path, *words: str) -> str:
    """What git says there."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    found = subprocess.run(
        ["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


def test_a_tree_is_described_by_its_commit(tmp_path: Path) -> None:
    """And as dirty when it holds more than that."""
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("1")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "first")
    commit = git(tmp_path, "rev-parse", "--short", "HEAD")
    assert described(tmp_path) == commit
    (tmp_path / "file").write_text("2")
    assert described(tmp_path) == f"{commit}-dirty"


def test_where_git_knows_nothing_nothing_is_claimed(tmp_path: Path) -> None:
    """Such as in a tree that was unpacked from an archive."""
    assert described(tmp_path) == UNKNOWN


@pytest.mark.parametrize("as_json", [True, False])
def test_a_report_names_its_commit(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    """In both forms."""
    outcome = Outcome(commit="abc1234-dirty", seed=1, seconds=30, mutation=None)
    tell(outcome, as_json=as_json)
    assert "abc1234-dirty" in capsys.readouterr().out
