"""The registration that a document asks for, in whichever words it is written."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from services.api.dialects import native
from services.api.dialects.altostrat.workflows import WORDS as ALTOSTRAT
from services.api.dialects.parsing import Words
from services.api.dialects.recognise import dialect_of
from services.api.dialects.sixtyfour.workflows import WORDS as SIXTYFOUR
from services.api.dialects.thena.workflows import WORDS as THENA
from services.api.dialects.truto.workflows import WORDS as TRUTO
from services.api.workflows.registration import Registration
from shared.domain.errors import Invalid, Problem
from shared.domain.workflows import Dialect

WORDS: Final[Mapping[Dialect, Words]] = MappingProxyType(
    {words.dialect: words for words in (TRUTO, ALTOSTRAT, SIXTYFOUR, THENA)}
)


def place_in(asked: Registration, problem: Problem) -> Problem:
    """The problem of a definition at its place in the document, or the nearest that is there.

    What an action is to be called by is named in any case, also where the document leaves it out.
    """
    words = WORDS.get(asked.dialect)
    if words is None:
        return problem
    placed = words.place(problem)
    if problem.code == "UNKNOWN_ACTION":
        return placed
    return replace(placed, pointer=_nearest(asked.source, placed.pointer))


@contextmanager
def placed_in(asked: Registration) -> Iterator[None]:
    """Problems of the definition that is asked for get their places in its document."""
    try:
        yield
    except Invalid as error:
        placed = [place_in(asked, problem) for problem in error.problems]
        raise Invalid(placed, error.message) from None


def _nearest(document: Any, pointer: str) -> str:
    """As much of a pointer as leads somewhere."""
    found = ""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, Mapping) and name in document:
            document = document[name]
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            break
        found += f"/{part}"
    return found


def registration_of(document: Mapping[str, Any], fallback_id: UUID) -> Registration:
    """In the words of the system whose fields it has, or in Turnout's own.

    Raises Invalid for faults of a system's document; those of ours stand in the registration.
    """
    dialect = dialect_of(document)
    words = None if dialect is None else WORDS.get(dialect)
    parse = native.parse if words is None else words.parse
    return parse(document, fallback_id)
