"""What an operation answers, and in which words it refuses."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from services.api.describe import openapi_parts as parts
from services.api.describe.json_schemas import Schemas
from services.api.dialects.face import Form
from services.api.http.route import Media, Route
from shared.domain.principals import Scope

_HEADED: Final = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}


def is_conditional(route: Route) -> bool:
    """Whether it changes a definition, and does so depending on its state."""
    return route.method != "GET" and Scope.AUTHOR in route.needs


def _form_of(route: Route) -> Form:
    """How it refuses."""
    found = (form for prefix, form in parts.FORMS.items() if route.path.startswith(prefix))
    return next(found, parts.NATIVE)


def answers_of(route: Route, schemas: Schemas) -> dict[str, Any]:
    """Every answer of a route, by its status."""
    answers = {
        str(status): _answer(status, kind, schemas, _headers(route, status))
        for status, kind in route.answers.items()
    }
    form = _form_of(route)
    for status in _refused_with(route, form):
        answers[str(status.value)] = {"$ref": _refusal_of(form, status.phrase)}
    return {**answers, "default": {"$ref": _refusal_of(form, "Refused")}}


def _headers(route: Route, status: int) -> dict[str, Any]:
    named = {"X-Request-Id": "RequestId"}
    if HTTPStatus.NOT_MODIFIED in route.answers:
        named["ETag"] = "ETag"
    if status == HTTPStatus.ACCEPTED and route.path in parts.LOCATED:
        named["Location"] = "Location"
    return {name: {"$ref": f"#/components/headers/{part}"} for name, part in named.items()}


def _answer(status: int, kind: Any, schemas: Schemas, headers: Mapping[str, Any]) -> dict[str, Any]:
    answer = {"description": f"{HTTPStatus(status).phrase}.", "headers": headers}
    match kind:
        case None:
            return answer
        case Media():
            return {**answer, "content": {kind.type: {"schema": {"type": "string"}}}}
        case _:
            return {**answer, "content": {"application/json": {"schema": schemas.of[kind]}}}


def _refused_with(route: Route, form: Form) -> Iterator[HTTPStatus]:
    """The statuses that a client of the route has to know."""
    is_there_for_all = not route.needs and "{" not in route.path and route.body is None
    if is_there_for_all:
        return
    yield from (HTTPStatus.BAD_REQUEST, form.unfit_query)
    yield from (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
    if route.method != "GET" or "{" in route.path:
        yield HTTPStatus.CONFLICT
    if is_conditional(route):
        yield HTTPStatus.PRECONDITION_FAILED
    if route.method != "GET":
        yield from (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        yield form.unfit
    yield from (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def refusals(schemas: Schemas) -> dict[str, Any]:
    """Every refusal in each form."""
    refusals: dict[str, Any] = {}
    for form in (parts.NATIVE, *parts.FORMS.values()):
        content = {form.media: {"schema": schemas.of[form.kind]}}
        refusals[f"{form.of}Refused"] = {
            "description": "It was refused.",
            "headers": _HEADED,
            "content": content,
        }
        for status, (about, headers) in parts.REFUSALS.items():
            named = {k: {"$ref": f"#/components/headers/{v}"} for k, v in headers.items()}
            refusals[_refusal_of(form, status.phrase).rpartition("/")[2]] = {
                "description": about,
                "headers": {**_HEADED, **named},
                "content": content,
            }
    return refusals


def _refusal_of(form: Form, phrase: str) -> str:
    return f"#/components/responses/{form.of}{''.join(phrase.split())}"
