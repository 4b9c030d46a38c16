"""How Thena refuses: what NestJS answers."""

import re
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from services.api.dialects.face import Form
from services.api.dialects.thena.documents import ThenaRefusal
from services.api.http.problems import Fault
from shared.domain.errors import Invalid, Problem
from shared.domain.short_ids import UUID_PATTERN, short_id

FORM: Final = Form("Thena", "application/json", ThenaRefusal)

CANNOT_RUN: Final = "CANNOT_RUN"

_SHOWN_MAX: Final = 100


def cannot_run(error: Invalid) -> Invalid:
    """The problems of a workflow that is well written, and cannot run as it is."""
    problem = Problem(pointer="", code=CANNOT_RUN, detail="The workflow cannot run as it is.")
    return Invalid([problem, *error.problems])


def render_fault(fault: Fault) -> tuple[HTTPStatus, dict[str, Any]]:
    """Thena's answer to what it refuses: 422 for what cannot run, 400 for what is badly written.

    The message is a list where there are faults, each with its place.
    """
    status, problems = fault.status, fault.problems[:_SHOWN_MAX]
    is_fit = any(problem.code == CANNOT_RUN for problem in problems[:1])
    if status is HTTPStatus.UNPROCESSABLE_ENTITY and not is_fit:
        status = HTTPStatus.BAD_REQUEST
    places = [_rewritten(f"{p.pointer}: {p.detail}" if p.pointer else p.detail) for p in problems]
    return status, {
        "statusCode": status.value,
        "message": places or _rewritten(fault.detail),
        "error": status.phrase,
    }


def _rewritten(text: str) -> str:
    """``text`` with the ids that it names as Thena's clients see them."""
    return re.sub(rf"\b{UUID_PATTERN}\b", lambda found: short_id(UUID(found[0])), text)
