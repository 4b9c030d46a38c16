"""How Altostrat refuses."""

from http import HTTPStatus
from typing import Any, Final

from services.api.dialects.altostrat.documents import AltostratRefusal
from services.api.dialects.altostrat.ids import rewritten
from services.api.dialects.face import Form
from services.api.http.problems import Fault

FORM: Final = Form("Altostrat", "application/json", AltostratRefusal)

_SHOWN_MAX: Final = 100
_NOWHERE: Final = "body"


def render_fault(fault: Fault) -> tuple[HTTPStatus, dict[str, Any]]:
    """The first fault as the message, and beside it of what is unfit each under its field."""
    if not fault.problems:
        return fault.status, {"message": rewritten(fault.detail)}
    first = fault.problems[0]
    if fault.status is not FORM.unfit or not any(problem.pointer for problem in fault.problems):
        at = f"{field_of(first.pointer)}: " if first.pointer else ""
        return fault.status, {"message": rewritten(f"{at}{first.detail}")}
    errors: dict[str, list[str]] = {}
    for problem in fault.problems[:_SHOWN_MAX]:
        errors.setdefault(field_of(problem.pointer), []).append(rewritten(problem.detail))
    more = len(fault.problems) - 1
    beside = "" if not more else f" (and {more} more error{'s' if more > 1 else ''})"
    return fault.status, {"message": f"{rewritten(first.detail)}{beside}", "errors": errors}


def field_of(pointer: str) -> str:
    """A place as Laravel names it: ``nodes.0.data.url``."""
    parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    return ".".join(parts) or _NOWHERE
