"""How Truto refuses."""

from http import HTTPStatus
from typing import Any, Final

from services.api.dialects.face import Form
from services.api.http.problems import Fault
from shared.wire.documents.refusals import TrutoRefusal

FORM: Final = Form("Truto", "application/json", TrutoRefusal, unfit=HTTPStatus.BAD_REQUEST)

_SHOWN_MAX: Final = 20


def render_fault(fault: Fault) -> tuple[HTTPStatus, dict[str, Any]]:
    """Truto's answer to what it refuses; the message names each place."""
    status = fault.status
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    places = "; ".join(f"{p.pointer or '/'}: {p.detail}" for p in fault.problems[:_SHOWN_MAX])
    name = "".join(status.phrase.split()).removesuffix("Error")
    return status, {
        "statusCode": status.value,
        "error": f"{name}Error",
        "message": places or fault.detail,
    }
