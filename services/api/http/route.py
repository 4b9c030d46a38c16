"""A route: what may be asked, who answers, what whoever asks needs, and what it looks like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from services.api.http.bodies import JSON, YAML, read_document, read_options
from services.api.http.documents import validate
from services.api.http.query_strings import InEnvironment, QueryString, read_query
from services.api.resources import SETTINGS
from shared.domain.errors import Defect
from shared.domain.principals import Scope

OPEN: Final = frozenset[Scope]()
READ: Final = frozenset({Scope.READ})
READ_PAYLOADS: Final = frozenset({Scope.READ, Scope.PAYLOADS})
"""For what is nothing but a payload: elsewhere those who may not see them get the rest."""
PUBLISH: Final = frozenset({Scope.PUBLISH})
WORK: Final = frozenset({Scope.WORK})
OPERATE: Final = frozenset({Scope.OPERATE})
AUTHOR: Final = frozenset({Scope.AUTHOR})
ADMIN: Final = frozenset({Scope.ADMIN})

M = TypeVar("M", bound=BaseModel)
Q = TypeVar("Q", bound=QueryString)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a request carries; one that ``is_optional`` may be left out whole.

    A definition, as everything that may be YAML, is written by hand: no key stands twice in it.

    A handler reads it with ``body_of``, or where that takes more than the model, which then only
    describes it, with ``document_of`` or by itself.
    """

    model: type[BaseModel]
    is_optional: bool = False
    media: frozenset[str] = JSON
    is_definition: bool = False


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is no JSON: a text of this media type."""

    type: str


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One route. Without ``needs`` it is open to all.

    ``answers`` has the type of the document of each status that is no refusal, a ``Media`` for what
    is no JSON, None for one without any. A handler reads what was asked by ``query_of`` and
    ``body_of``, with the models that stand here. Without a ``query`` any query string is let in.
    """

    method: str
    path: str
    handler: Handler
    needs: frozenset[Scope]
    query: type[QueryString] | None = InEnvironment
    body: Body | None = None
    answers: Mapping[int, Any] = field(kw_only=True)


ROUTE: Final = web.RequestKey("route", Route)
_QUERY: Final = web.RequestKey("query", QueryString)


def handler_of(route: Route) -> Handler:
    """What aiohttp is to call: it refuses what the route does not know, with Invalid."""

    async def handle(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        if route.query is not None:
            request[_QUERY] = read_query(request, route.query)
        return await route.handler(request)

    return handle


def query_of(request: web.Request, model: type[Q]) -> Q:
    """The query string, as the route's own model."""
    found = request[_QUERY]
    if not isinstance(found, model):
        raise Defect(f"{request.path} is not documented to read {model.__name__}.")
    return found


async def body_of(request: web.Request, model: type[M]) -> M:
    """The body, as the route's own model. Raises Invalid with every fault."""
    body = request[ROUTE].body
    if body is None or body.model is not model:
        raise Defect(f"{request.path} is not documented to read {model.__name__}.")
    return validate(model, await document_of(request))


async def document_of(request: web.Request) -> dict[str, Any]:
    """The body, as the object that was sent. Raises Invalid."""
    body, settings = request[ROUTE].body, request.app[SETTINGS]
    if body is None:
        raise Defect(f"{request.path} is not documented to read a body.")
    if body.is_optional:
        return await read_options(request, settings)
    is_definition = body.is_definition or body.media >= YAML
    return await read_document(request, settings, body.media, is_definition=is_definition)
