"""What a condition in JSONata asks of single paths, as far as that can be told without running it.

The result is weaker than the condition: whenever the condition holds, so does its ``Term``. What is
not understood is ``ANYTHING``, which always holds. ``term_reading.py`` reads them.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

Names: TypeAlias = tuple[str, ...]
Literal: TypeAlias = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Hole:
    """The literal ``at`` a place among those of a condition; a number may be ``negated``."""

    at: int
    is_text: bool
    is_negated: bool = False


Operand: TypeAlias = Literal | Hole


@dataclass(frozen=True, slots=True)
class Compared:
    """``path`` ``operator`` ``literal``; one of ``=``, ``<``, ``<=``, ``>``, ``>=``."""

    path: Names
    operator: str
    literal: Operand


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value at ``path`` is one of ``literals``."""

    path: Names
    literals: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """The value at ``path`` is ``literal``, or a list that has it."""

    path: Names
    literal: Operand


@dataclass(frozen=True, slots=True)
class Exists:
    """There is something at ``path``."""

    path: Names


@dataclass(frozen=True, slots=True)
class Starts:
    """The text at ``path`` begins with ``text``."""

    path: Names
    text: str


@dataclass(frozen=True, slots=True)
class Every:
    """Each of ``parts`` holds; without any, it always does."""

    parts: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of ``parts`` holds."""

    parts: tuple["Term", ...]


Term: TypeAlias = Compared | OneOf | Holds | Exists | Starts | Every | Some

ANYTHING: Final = Every(())

_ANCHORED: Final = re.compile(r"\^([A-Za-z0-9_@ :/-]+)(.?)", re.DOTALL)


def anchored_text(pattern: str) -> str:
    """What a regular expression makes a text begin with, where that is plain to see."""
    found = None if "|" in pattern else _ANCHORED.match(pattern)
    if found is None:
        return ""
    return found[1][:-1] if found[2] and found[2] in "*?{" else found[1]
