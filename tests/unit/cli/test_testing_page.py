"""The page on testing workflows, and the example that it names, as they are written."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.cli.test.judge import judge
from services.cli.test.suites import read_suite
from shared.expr.jsonata import ExpressionCache

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "TESTING_WORKFLOWS.md").read_text("utf-8")
FILES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def holds(path: Path) -> list[bool]:
    """Whether each test of a file does."""
    outcomes = judge(read_suite(path, (), NOW), ExpressionCache(64), lambda: 0.0)
    return [not one.failures for one in outcomes]


@pytest.mark.parametrize("text", FILES)
def test_the_files_on_the_page_hold(text: str, tmp_path: Path) -> None:
    """Each is a file of tests that a reader may copy."""
    file = tmp_path / "suite.yaml"
    file.write_text(text)
    assert set(holds(file)) == {True}


def test_there_are_files_and_the_example_holds() -> None:
    """The example tests the workflow beside it."""
    assert len(FILES) == 2
    assert holds(ROOT / "examples" / "tests" / "order.yaml") == [True] * 4
