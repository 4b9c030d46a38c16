"""How documents in the words of a system are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
