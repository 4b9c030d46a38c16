"""How TransactionLink's routes refuse: its statuses are documented, its bodies are not."""

from http import HTTPStatus
from typing import Any, Final

from services.api.dialects.face import Form
from services.api.dialects.transactionlink.documents import TransactionLinkRefusal
from services.api.http.problems import Fault

FORM: Final = Form(
    "TransactionLink", "application/json", TransactionLinkRefusal, unfit=HTTPStatus.BAD_REQUEST
)

_SHOWN_MAX: Final = 20


def render_fault(fault: Fault) -> tuple[HTTPStatus, dict[str, Any]]:
    """The status by its name, and a message that names each place."""
    status = fault.status
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    places = "; ".join(f"{p.pointer or '/'}: {p.detail}" for p in fault.problems[:_SHOWN_MAX])
    return status, {"code": status.name, "message": places or fault.detail}
