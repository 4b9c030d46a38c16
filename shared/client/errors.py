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
    """The API cannot do it at the moment, and has not; ``retry_after_s`` is when it may.

    Also when it is just doing the same for an earlier request with the same key.
    """

    def __init__(self, message: str, retry_after_s: float | None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


_REFUSED_BEFORE: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_TRANSIENT: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
_KEY_IN_USE: Final = "KEY_IN_USE"


def error_of(status: HTTPStatus, headers: Mapping[str, str], raw: bytes) -> TurnoutError:
    """The error that an answer of 400 or more stands for, with the API's own sentence."""
    said = read_json(raw)
    problem = said if isinstance(said, dict) else {}
    # A dialect's routes answer in their system's words: the sentence is their "message".
    fallback = f"The API answered {status.value} {status.phrase}."
    detail = str(problem.get("detail") or problem.get("message") or fallback)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status is HTTPStatus.TOO_MANY_REQUESTS:
        return _not_done(status, headers, detail)
    problems = _problems(problem)
    match status:
        case HTTPStatus.NOT_FOUND:
            return NotFound(detail)
        case HTTPStatus.CONFLICT if any(one.code == _KEY_IN_USE for one in problems):
            return NotNow(detail, _seconds(headers.get("Retry-After", "")))
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


def _not_done(status: HTTPStatus, headers: Mapping[str, str], detail: str) -> TurnoutError:
    if status in _REFUSED_BEFORE:
        return NotNow(detail, _seconds(headers.get("Retry-After", "")))
    return Unavailable(detail) if status in _TRANSIENT else Defect(detail)


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
