"""A migration leaves everything that programs of the version before use: they run beside it."""

import re
from typing import Final

import pytest

from shared.db.migrate import MIGRATIONS

RELEASED: Final = "0010"
"""The revision of the last release. What came before it met nobody who was at work."""

# What a program of the version before may stumble over; each with what to do instead.
BREAKING: Final = {
    r"\bRENAME\b": "add the new name, write both, and remove the old one a release later",
    r"\bDROP\s+(TABLE|COLUMN|FUNCTION|VIEW|TYPE|SCHEMA)\b": "remove it a release later",
    r"\bDROP\s+CONSTRAINT\s+(IF\s+EXISTS\s+)?\w+_(pkey|key)\b": "ON CONFLICT needs it: later",
    r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b": "add a column of the new type",
    r"\bSET\s+NOT\s+NULL\b": "the version before may write none: a release later",
    r"\bADD\s+(COLUMN\s+)?(IF\s+NOT\s+EXISTS\s+)?(?!CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN)"
    r"\w+\s+(?![^,;]*\bDEFAULT\b)[^,;]*\bNOT\s+NULL\b": "give it a default",
    r"\b(TRUNCATE|LOCK\s+TABLE)\b": "it would stand in the way of all who are at work",
}
_COMMENTS: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_BODIES: Final = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)


def breaking(migration: str) -> list[str]:
    """What of a migration breaks the version before it, as it is written there."""
    text = _BODIES.sub("''", _COMMENTS.sub("", migration))
    return [
        " ".join(found[0].split())
        for pattern in BREAKING
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


def test_migrations_only_add() -> None:
    """Since the last release none takes away, renames, or asks more of who writes."""
    since = [f for f in sorted(MIGRATIONS.glob("*.sql")) if f.stem[-4:] > RELEASED]
    found = {file.name: said for file in since if (said := breaking(file.read_text("utf-8")))}
    assert not found, f"{found}: {BREAKING}"


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE executions RENAME COLUMN error TO fault;",
        "ALTER TABLE executions RENAME TO runs;",
        "ALTER TABLE waits DROP COLUMN subject;",
        "DROP TABLE inbox;",
        "ALTER TABLE inbox ALTER COLUMN command TYPE jsonb;",
        "ALTER TABLE inbox ALTER command SET DATA TYPE jsonb;",
        "ALTER TABLE inbox ALTER COLUMN said SET NOT NULL;",
        "ALTER TABLE inbox ADD COLUMN said text NOT NULL;",
        "ALTER TABLE inbox\n    ADD said text\n    NOT NULL,\n    ADD other text;",
        "ALTER TABLE inbox DROP CONSTRAINT inbox_pkey, ADD PRIMARY KEY (partition, said);",
        "LOCK TABLE inbox;",
    ],
)
def test_what_breaks_is_seen(statement: str) -> None:
    """In every form in which it is written."""
    assert breaking(f"-- As before.\n{statement}")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE inbox ADD COLUMN said text;",
        "ALTER TABLE inbox ADD COLUMN said text NOT NULL DEFAULT '';",
        "ALTER TABLE inbox ADD said integer DEFAULT 1 NOT NULL, ADD more text;",
        "CREATE TABLE later (id bigint PRIMARY KEY, said text NOT NULL);",
        "CREATE INDEX later ON inbox (partition);",
        "ALTER TABLE inbox ADD CONSTRAINT said CHECK (said IS NOT NULL) NOT VALID;",
        "ALTER TABLE inbox ALTER COLUMN said DROP NOT NULL;",
        "ALTER TABLE executions DROP CONSTRAINT executions_status_check;",
        "-- DROP TABLE inbox;",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE x; END $$;",
    ],
)
def test_what_adds_is_let_through(statement: str) -> None:
    """Columns that may be left out, tables, indices, constraints for what is to come."""
    assert not breaking(statement)
