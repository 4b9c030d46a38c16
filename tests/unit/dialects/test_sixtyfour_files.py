"""Sixtyfour's rows as files."""

import csv
import io
import json

import pytest

from services.api.dialects.sixtyfour.files import FileFormat, write_rows


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("@SUM(1)", "'@SUM(1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("\n=1", "'\n=1"),
        ("＝1+1", "'＝1+1"),  # noqa: RUF001
        ("+49 (30) 1234-56", "'+49 (30) 1234-56"),
        ("+49301234", "+49301234"),
        ("-1,5", "-1,5"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, written: str) -> None:
    """In CSV, also where it names a column; a number stays one, and JSON has it as it is."""
    rows = [{"a": text, "n": -1, text: [text]}]
    read = csv.reader(io.StringIO(write_rows(rows, FileFormat.CSV).decode(), newline=""))
    header, cells = read
    assert header == ["a", "n", written]
    assert cells == [written, "-1", json.dumps([text], ensure_ascii=False, separators=(",", ":"))]
    assert json.loads(write_rows(rows, FileFormat.JSON)) == rows
