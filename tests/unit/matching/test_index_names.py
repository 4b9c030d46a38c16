"""Names, texts and functions of a condition are what they are to the engine that decides."""

from typing import Any

import pytest

from shared.domain.workflows import Dialect
from tests.unit.matching.build import workflow
from tests.unit.matching.found import by_index, by_looking, rules_of, table


@pytest.mark.parametrize(
    ("source", "payload", "dialect"),
    [
        ("payload.ที่อยู่1 = 'x'", {"ที่อยู่1": "x"}, Dialect.NATIVE),
        ("payload.€1 = 'x'", {"€1": "x"}, Dialect.NATIVE),
        ("payload.don't and payload.can't = 1", {"don't": True, "can't": 1}, Dialect.NATIVE),
        ("payload.a'b' = 1", {"a'b'": 1}, Dialect.NATIVE),
        ('payload.size" = 1 and payload.b = "x"', {'size"': 1, "b": "x"}, Dialect.NATIVE),
        ("payload.a\v= 1", {"a": 1}, Dialect.NATIVE),
        ("a = ٣", {"a": 5, "٣": 5}, Dialect.TRUTO),
        ("payload.a = '\\ud83d\\ude00'", {"a": "😀"}, Dialect.NATIVE),
        ("payload.a in ['\\ud83d\\ude00', 'x']", {"a": "😀"}, Dialect.NATIVE),
        ("'\\ud83d\\ude00' in payload.a", {"a": ["😀"]}, Dialect.NATIVE),
        ("payload.'\\ud83d\\ude00' = 1", {"😀": 1}, Dialect.NATIVE),
        ("payload.a = '\\ud83d'", {"a": "\ufffd"}, Dialect.NATIVE),
        (
            "$exists($contains := function($a,$b){true}) and $contains(payload.zz, 'x')",
            {},
            Dialect.NATIVE,
        ),
        (
            "$exists($substring := function($a,$b,$c){'x'}) and $substring(payload.a, 0, 1) = 'x'",
            {"a": "y"},
            Dialect.NATIVE,
        ),
        ("$exists($$ := {'payload': {'a': 1}}) and $$.payload.a = 1", {}, Dialect.NATIVE),
    ],
)
def test_names_and_literals_are_read_as_the_engine_reads_them(
    source: str, payload: Any, dialect: Dialect
) -> None:
    """Where the parser of this side takes something else for a name, a text or a function."""
    workflows = [workflow(number=1, run_if=source, dialect=dialect)]
    assert by_looking(payload, rules_of(workflows)) == [1]
    assert by_index(table(workflows), payload) == [1]
