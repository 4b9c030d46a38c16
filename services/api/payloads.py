"""What events, inputs and outputs hold: shown to those alone who may see it."""

from typing import Any, Final

import orjson
from aiohttp import web

from services.api.auth import PRINCIPAL
from shared.domain.outcomes import WaitKind
from shared.domain.principals import Scope

HIDDEN: Final = "(hidden: to see it takes the scope 'payloads')"


class Payload:
    """A part of a document that is somebody's data.

    No other than ``answer_to`` can write it: what is marked so is never shown by oversight. (It is
    no dataclass, which orjson would write by itself.)
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def subject_shown(kind: WaitKind | None, subject: str | None) -> Any:
    """What a wait is found by; that of a turn is a key made of an event."""
    return Payload(subject) if kind is WaitKind.TURN else subject


def error_shown(error: Any) -> Any:
    """An error whose message, which may quote what a step was given, is a payload."""
    return error and {**error, "message": Payload(error["message"])}


def answer_to(request: web.Request, document: Any, *, status: int = 200) -> web.Response:
    """A JSON answer, in which a mark stands for each payload that the caller may not see.

    Null stays null: that there is nothing is no secret.
    """
    may_see = request[PRINCIPAL].may(Scope.PAYLOADS)

    def shown(part: Any) -> Any:
        if not isinstance(part, Payload):
            raise TypeError
        return part.value if may_see or part.value is None else HIDDEN

    body = orjson.dumps(document, option=orjson.OPT_UTC_Z, default=shown)
    return web.Response(body=body, status=status, content_type="application/json")
