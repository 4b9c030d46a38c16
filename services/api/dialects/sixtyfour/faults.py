"""How Sixtyfour refuses: as FastAPI does."""

from http import HTTPStatus
from typing import Any, Final

from services.api.dialects.face import Form
from services.api.dialects.sixtyfour.documents import SixtyfourFault, SixtyfourRefusal
from services.api.http.problems import Fault
from shared.domain.errors import Problem

FORM: Final = Form(
    *("Sixtyfour", "application/json", SixtyfourRefusal),
    unfit_query=HTTPStatus.UNPROCESSABLE_ENTITY,
)

_SHOWN_MAX: Final = 100
_INDEX_CHARS_MAX: Final = 9
"""A longer row of digits is a field's name."""
_QUERY: Final = "/query/"
_PLACES: Final = {"query": "query", "headers": "header", "path": "path"}


def render_fault(fault: Fault) -> tuple[HTTPStatus, dict[str, Any]]:
    """Sixtyfour's answer: each fault of what was sent with its place, or else one sentence."""
    is_query = any(problem.pointer.startswith(_QUERY) for problem in fault.problems)
    if is_query or (fault.problems and fault.status is HTTPStatus.UNPROCESSABLE_ENTITY):
        shown = fault.problems[:_SHOWN_MAX]
        return FORM.unfit, {"detail": [_detail(each) for each in shown]}
    return fault.status, {"detail": fault.detail}


def _detail(problem: Problem) -> SixtyfourFault:
    first, *rest = [part.replace("~1", "/").replace("~0", "~") for part in _parts(problem.pointer)]
    where, path = (_PLACES[first], rest) if first in _PLACES else ("body", [first, *rest])
    loc = [where, *(int(part) if _is_index(part) else part for part in path if part)]
    return {"loc": loc, "msg": problem.detail, "type": problem.code.lower()}


def _parts(pointer: str) -> list[str]:
    return pointer.removeprefix("/").split("/")


def _is_index(part: str) -> bool:
    return part.isascii() and part.isdecimal() and len(part) <= _INDEX_CHARS_MAX
