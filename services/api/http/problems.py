"""From errors to answers: the only place that knows which HTTP status an error has.

Answers are problem documents (RFC 9457); a dialect's routes answer in their system's own form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from services.api.http.documents import render_problems
from shared.domain.errors import (
    Conflict,
    Invalid,
    NotFound,
    Problem,
    Rejected,
    TurnoutError,
    Unavailable,
)
from shared.wire.envelope import dumps
from shared.wire.event_fields import EventFault
from shared.wire.strict_json import JsonFault

BAD_PARAMETER: Final = "BAD_PARAMETER"
RESULT_NOT_READY: Final = "RESULT_NOT_READY"
NO_RESULT: Final = "NO_RESULT"
NOT_THE_APPROVER: Final = "NOT_THE_APPROVER"
KEY_IN_USE: Final = "KEY_IN_USE"
OTHER_REQUEST: Final = "OTHER_REQUEST"
ANSWER_NOT_KEPT: Final = "ANSWER_NOT_KEPT"
TOO_MANY_REQUESTS: Final = "TOO_MANY_REQUESTS"
TOO_MANY_LISTENERS: Final = "TOO_MANY_LISTENERS"
TOO_MUCH_TO_COMPUTE: Final = "TOO_MUCH_TO_COMPUTE"

REQUEST_ID: Final = web.RequestKey("request_id", str)

_log: Final = structlog.get_logger(__name__)

_PROBLEMS_SHOWN_MAX: Final = 100
_RETRY_AFTER_S: Final = 1

_STATUS_OF_CODE: Final[Mapping[str, HTTPStatus]] = MappingProxyType(
    {
        JsonFault.UNREADABLE: HTTPStatus.BAD_REQUEST,
        JsonFault.TOO_DEEP: HTTPStatus.BAD_REQUEST,
        JsonFault.TOO_MANY_KEYS: HTTPStatus.BAD_REQUEST,
        JsonFault.NUL_CHARACTER: HTTPStatus.BAD_REQUEST,
        JsonFault.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        EventFault.EMPTY: HTTPStatus.BAD_REQUEST,
        EventFault.UNSUPPORTED_CONTENT: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        BAD_PARAMETER: HTTPStatus.BAD_REQUEST,
        RESULT_NOT_READY: HTTPStatus.NOT_FOUND,
        NO_RESULT: HTTPStatus.CONFLICT,
        NOT_THE_APPROVER: HTTPStatus.FORBIDDEN,
        KEY_IN_USE: HTTPStatus.CONFLICT,
        ANSWER_NOT_KEPT: HTTPStatus.CONFLICT,
        TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
        TOO_MANY_LISTENERS: HTTPStatus.SERVICE_UNAVAILABLE,
        TOO_MUCH_TO_COMPUTE: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


class Unauthorized(Rejected):
    """Show a token, a key or a JWT: 'Authorization: Bearer <it>' or 'x-api-key: <it>'."""


class NotLetIn(Rejected):
    """Why somebody is not let in: told to the log alone, and to callers as ``Unauthorized``."""


class Forbidden(Rejected):
    """You may not do this."""


class Changed(Rejected):
    """It is not in the state that If-Match or If-None-Match asks for: read it again."""


class NotNow(Invalid):
    """Refused for the moment; ``headers`` say for how long."""

    def __init__(self, problem: Problem, headers: Mapping[str, str]) -> None:
        super().__init__([problem])
        self.headers = headers


_STATUS_OF: Final[Mapping[type[Rejected], HTTPStatus]] = MappingProxyType(
    {
        NotFound: HTTPStatus.NOT_FOUND,
        Conflict: HTTPStatus.CONFLICT,
        Forbidden: HTTPStatus.FORBIDDEN,
        Changed: HTTPStatus.PRECONDITION_FAILED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An answer that refuses."""

    status: HTTPStatus
    detail: str
    problems: tuple[Problem, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


RenderFault = Callable[[Fault], tuple[HTTPStatus, Mapping[str, Any]]]


def show_problems(dialects: Mapping[str, RenderFault]) -> Middleware:
    """The middleware; ``dialects`` has the forms of answers under each prefix of the path."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            fault = _fault_of_http(error)
        except TurnoutError as error:
            fault = _fault_of(error, request)
        except Exception:  # noqa: BLE001 - the edge: logged, and nothing of it is shown
            fault = _defect(request)
        for prefix, render in dialects.items():
            if request.path.startswith(prefix):
                status, document = render(fault)
                return _response(status, document, fault.headers, "application/json")
        document = _problem(fault, request)
        return _response(fault.status, document, fault.headers, "application/problem+json")

    return middleware


def _fault_of(error: TurnoutError, request: web.Request) -> Fault:
    match error:
        case Invalid():
            status = _STATUS_OF_CODE.get(error.problems[0].code, HTTPStatus.UNPROCESSABLE_ENTITY)
            headers = error.headers if isinstance(error, NotNow) else {}
            return Fault(
                status=status, detail=error.message, problems=error.problems, headers=headers
            )
        case Unauthorized():
            shown = {"WWW-Authenticate": "Bearer"}
            return Fault(status=HTTPStatus.UNAUTHORIZED, detail=error.message, headers=shown)
        case Rejected():
            status = _STATUS_OF.get(type(error), HTTPStatus.BAD_REQUEST)
            return Fault(status=status, detail=error.message)
        case Unavailable():
            _log.warning("request_unavailable", path=place_of(request), reason=error.message)
            return Fault(
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                detail="A service that Turnout needs does not answer; try again.",
                headers={"Retry-After": str(_RETRY_AFTER_S)},
            )
        case _:
            return _defect(request)


def _fault_of_http(error: web.HTTPException) -> Fault:
    if error.status < HTTPStatus.BAD_REQUEST:
        raise error  # a redirect is an answer
    status = HTTPStatus(error.status)
    allowed = error.headers.get("Allow")
    detail = f"{status.description or status.phrase}."
    if status is HTTPStatus.NOT_FOUND:
        detail = "There is nothing at this path; /docs shows every route."
    elif allowed is not None:
        detail = f"This path takes {allowed.replace(',', ', ')} only."
    return Fault(
        status=status, detail=detail, headers={} if allowed is None else {"Allow": allowed}
    )


def _defect(request: web.Request) -> Fault:
    """To be called while the error is handled: it is logged here, and nothing of it is shown."""
    request_id = request[REQUEST_ID]
    _log.exception("request_failed", path=place_of(request), request_id=request_id)
    return Fault(
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        detail=f"Something in Turnout is broken; its log has more under {request_id}.",
    )


def place_of(request: web.Request) -> str:
    """The path, for the log: without the token that a webhook's address ends with."""
    token = request.match_info.get("token")
    return request.path if token is None else request.path.replace(token, "…")


def _problem(fault: Fault, request: web.Request) -> dict[str, Any]:
    document: dict[str, Any] = {
        "title": fault.status.phrase,
        "status": fault.status.value,
        "detail": fault.detail,
        "request_id": request[REQUEST_ID],
    }
    if fault.problems:
        document["errors"] = render_problems(fault.problems[:_PROBLEMS_SHOWN_MAX])
    return document


def _response(
    status: HTTPStatus, document: Mapping[str, Any], headers: Mapping[str, str], content_type: str
) -> web.Response:
    return web.Response(
        status=status, body=dumps(document), headers=headers, content_type=content_type
    )
