"""How things look to people."""

import pytest

from services.cli.present import counted, show_fields


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
