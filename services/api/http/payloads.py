"""What events, inputs and outputs hold: shown to those alone who may see it."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from services.api.login.auth import PRINCIPAL
from shared.domain.outcomes import ErrorKind, WaitKind
from shared.domain.principals import Scope
from shared.wire.documents.executions import ErrorDocument

HIDDEN: Final = "(hidden: to see it takes the scope 'payloads')"


class Payload:
    """A part of a document that is somebody's data.

    No other than ``written`` can write it: what is marked so is never shown by oversight. (It is
    no dataclass, which orjson would write by itself.)
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def subject_shown(kind: WaitKind | None, subject: str | None) -> Any:
    """What a wait is found by; that of a turn is a key made of an event."""
    return Payload(subject) if kind is WaitKind.TURN else subject


def error_shown(error: Mapping[str, Any] | None) -> ErrorDocument | None:
    """An error whose message, which may quote what a step was given, is a payload."""
    if error is None:
        return None
    return {
        "kind": ErrorKind(error["kind"]),
        "message": Payload(error["message"]),
        "retryable": error["retryable"],
        "status": error["status"],
        "retry_after_s": error["retry_after_s"],
    }


def answer_to(request: web.Request, document: Any, *, status: int = 200) -> web.Response:
    """A JSON answer, with payloads as the caller may see them."""
    body = written(document, may_see=request[PRINCIPAL].may(Scope.PAYLOADS))
    return web.Response(body=body, status=status, content_type="application/json")


def written(document: Any, *, may_see: bool) -> bytes:
    """JSON, in which a mark stands for each payload unless its reader ``may_see`` them.

    Null stays null: that there is nothing is no secret.
    """

    def shown(part: Any) -> Any:
        if not isinstance(part, Payload):
            raise TypeError
        return part.value if may_see or part.value is None else HIDDEN

    return orjson.dumps(document, option=orjson.OPT_UTC_Z, default=shown)
