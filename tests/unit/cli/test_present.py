"""How things look to people."""

import re
import sys
from io import StringIO
from typing import Final

import pytest

from services.cli.present import counted, show_fields, show_rows
from services.cli.widths import widths_of

STYLES: Final = re.compile(r"\x1b\[[0-9;]*m")
ID = "9e1407d5-3918-5828-88c4-2528e49a9049"
OTHER = "156ef46a-ab5a-8f5e-9f2a-63f023b7a43b"
AT = "2026-11-23T03:43:18.037902Z"
LONG = "the person is much too old for this, and more words to come"


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 events are"), (1, "1 event is"), (1_000, "1,000 events are")]
)
def test_one_is_not_told_as_many(count: int, told: str) -> None:
    """Words follow the number, and thousands are set apart."""
    assert counted(count, "event is", "events are") == told
    assert counted(count, "event") == told.rpartition(" ")[0]


def test_lists_of_texts_are_told_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    """Other lists, and what is within objects, are JSON."""
    show_fields({"kinds": ["step.*", "*"], "none": [], "mixed": ["a", 1], "all": {"a": ["b"]}})
    told = [line.split(maxsplit=1)[1].strip() for line in capsys.readouterr().out.splitlines()]
    assert told == ["step.*, *", "[]", '["a",1]', '{"a":["b"]}']


class Terminal(StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        """So it says."""
        return True


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_id_and_no_time_is_folded(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Texts give way; where that does not do, a row is a block of lines."""
    rows = [(ID, "COMPLETED", OTHER, AT, LONG), (OTHER, "FAILED", ID, AT, None)]
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    show_rows(("id", "status", "workflow", "created", "error"), rows)
    told = STYLES.sub("", screen.getvalue())
    assert max(map(len, told.splitlines())) <= width
    assert (told.count(ID), told.count(OTHER), told.count(AT)) == (2, 2, 2)
    assert all(word in told for word in LONG.split())
    assert told.count("status") == (1 if width == 140 else 2)


def test_texts_share_what_is_left() -> None:
    """Each column has its least, and no more than it wants; what is too narrow is no table."""
    rows = [[ID, LONG, "short words"], [f"workflow:{ID}", "a", "b"]]
    wide = [len(ID) + 9, len(LONG), 11]
    columns = ("id", "what", "why")
    assert widths_of(columns, rows, 1_000) == wide
    room = 1 + sum(wide) + 9 - 5
    assert widths_of(columns, rows, room) == [wide[0], wide[1] - 5, wide[2]]
    least = [wide[0], len("person"), len("short")]
    narrowest = 1 + sum(least) + 9
    assert widths_of(columns, rows, narrowest) == least
    assert widths_of(columns, rows, narrowest - 1) is None
    json = f'{{"ids":["{ID}","{OTHER}"]}}'
    assert widths_of(("what",), [[json]], 20) == [16]
