"""How documents in the words of a system are read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.api.workflows.registration import Registration
from shared.domain.errors import Problem
from shared.domain.workflows import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of a system.

    ``parse`` makes the registration that a document asks for; the id is for one that names none.
    It raises Invalid with every fault of the document's shape. ``place`` says where in the document
    a problem of the definition is. ``carried`` is the id in a document which ``parse`` passes over.
    """

    dialect: Dialect
    parse: Callable[[Mapping[str, Any], UUID], Registration]
    place: Callable[[Problem], Problem]
    carried: Callable[[Mapping[str, Any]], UUID | None] = lambda _: None


class Places:
    """Says of a problem of a definition where it is in a document of the system.

    Each is a regular expression for the beginning of a place, and what stands there instead; the
    longer places come first. A problem anywhere else stays where it is.
    """

    def __init__(self, *places: tuple[str, str]) -> None:
        self._places = [(re.compile(pattern), written) for pattern, written in places]

    def __call__(self, problem: Problem) -> Problem:
        for pattern, written in self._places:
            if pattern.match(problem.pointer):
                return replace(problem, pointer=pattern.sub(written, problem.pointer))
        return problem
