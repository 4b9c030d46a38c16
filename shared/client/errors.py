"""What the API's refusals mean."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson

from shared.domain.errors import (
    Conflict,
    Defect,
    Invalid,
    NotFound,
    Problem,
    Rejected,
    TurnoutError,
    Unavailable,
)


class Denied(Rejected):
    """The API wants a token, or another one."""

    def __init__(self, message: str, *, is_stranger: bool) -> None:
        """``is_stranger``: it does not know who asks; else it does, and refuses."""
        super().__init__(message)
        self.is_stranger = is_stranger


class NoAnswer(Unavailable):
    """Nothing came back: what was asked for may have been done or not."""


class WrongAddress(Rejected):
    """What answers there is not the API: it sends on to elsewhere, or its answer is no JSON."""


class NotNow(Unavailable):
    """The API cannot do it at the moment; ``retry_after_s`` is when it may.

    It refuses to, unless it ``may_be_done``: something that the API needs did not say in time that
    it has. Or it is just doing the same for an earlier request with the same key.
    """

    def __init__(self, message: str, retry_after_s: float | None, *, may_be_done: bool) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.may_be_done = may_be_done


REFUSED_BEFORE: Final = frozenset({"TOO_MANY_LISTENERS", "TOO_MUCH_TO_COMPUTE"})
"""The codes of a 503 that is said before anything is done."""

_NOT_NOW: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_TRANSIENT: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
_KEY_IN_USE: Final = "KEY_IN_USE"


def error_of(status: HTTPStatus, headers: Mapping[str, str], raw: bytes) -> TurnoutError:
    """The error that an answer of 400 or more stands for, with the API's own sentence."""
    said = read_json(raw)
    problem = said if isinstance(said, dict) else {}
    # A dialect's routes answer in their system's words: the sentence is their "message".
    fallback = f"The API answered {status.value} {status.phrase}."
    detail = str(problem.get("detail") or problem.get("message") or fallback)
    problems = _problems(problem)
    codes = {one.code for one in problems}
    is_at_it = status is HTTPStatus.CONFLICT and _KEY_IN_USE in codes
    if is_at_it or status in _NOT_NOW:
        is_refused = status is HTTPStatus.TOO_MANY_REQUESTS or bool(codes & REFUSED_BEFORE)
        retry_after_s = _seconds(headers.get("Retry-After", ""))
        return NotNow(detail, retry_after_s, may_be_done=not is_refused)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(detail) if status in _TRANSIENT else Defect(detail)
    match status:
        case HTTPStatus.NOT_FOUND:
            return NotFound(detail)
        case HTTPStatus.CONFLICT | HTTPStatus.PRECONDITION_FAILED:
            return Conflict(detail)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN if not problem.get("errors"):
            return Denied(detail, is_stranger=status is HTTPStatus.UNAUTHORIZED)
    return Invalid(problems, detail) if problems else Rejected(detail)


def read_json(raw: bytes) -> Any:
    """A document; None for what is none."""
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return None


def _seconds(written: str) -> float | None:
    return float(written) if written.isascii() and written.isdecimal() else None


def _problems(document: Mapping[str, Any]) -> list[Problem]:
    listed = document.get("errors")
    return [
        Problem(
            pointer=str(fault.get("pointer", "")),
            code=str(fault.get("code", "")),
            detail=str(fault.get("detail", "")),
        )
        for fault in (listed if isinstance(listed, list) else ())
        if isinstance(fault, dict)
    ]
