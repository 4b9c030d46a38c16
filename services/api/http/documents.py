"""What callers write, as models, and what is wrong with it, as they are told.

Nothing here knows of requests: the command line reads files by it.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.domain.errors import Invalid, Problem
from shared.wire.documents.parts import ProblemDocument
from shared.wire.envelope import dumps
from shared.wire.faults import in_words
from shared.wire.strict_json import pointer_of

_PROBLEMS_MAX: Final = 1_000
_NO_INSTANT: Final = frozenset(
    {"datetime_parsing", "datetime_from_date_parsing", "datetime_type", "timezone_aware"}
)

M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], document: Any) -> M:
    """``document`` as a model. Raises Invalid with every fault (1,000 of them) and its place."""
    try:
        # Through JSON, as strict models then take a text for an id and a list for a tuple.
        return model.model_validate_json(dumps(document))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise Invalid(_problems(faults[:_PROBLEMS_MAX], document)) from None


def render_problems(problems: Sequence[Problem]) -> list[ProblemDocument]:
    """Problems as JSON."""
    return [{"pointer": p.pointer, "code": p.code, "detail": p.detail} for p in problems]


def _problems(faults: Sequence[ErrorDetails], document: Any) -> list[Problem]:
    """One problem a place: what may have one of several shapes has a fault for each."""
    found: dict[str, Problem] = {}
    for fault in faults:
        pointer = pointer_of(_place(fault, document))
        code, detail = fault["type"].upper(), _detail(fault)
        if pointer in found:
            earlier = found[pointer]
            code, detail = earlier.code, f"{earlier.detail.removesuffix('.')}; or: {detail}"
        found[pointer] = Problem(pointer=pointer, code=code, detail=detail)
    return list(found.values())


def _detail(fault: ErrorDetails) -> str:
    if fault["type"] in _NO_INSTANT:
        return "Write an instant with its zone (RFC 3339), such as 2026-11-22T10:00:00Z."
    return in_words(fault)


def _place(fault: ErrorDetails, document: Any) -> Sequence[str | int]:
    """Where in ``document`` a fault is: after that, its path names one of several shapes."""
    node, path = document, fault["loc"]
    for depth, part in enumerate(path):
        is_there = part in (node if isinstance(node, dict) else range(_length(node)))
        if not is_there:
            return path if fault["type"] == "missing" else path[:depth]
        node = node[part]
    return path


def _length(node: Any) -> int:
    return len(node) if isinstance(node, list) else 0
