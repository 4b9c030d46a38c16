"""What Turnout says of itself: its API, its topics, and what a workflow looks like.

Nobody has to log in for it: it tells what any Turnout of this version has, and names of topics.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final

from aiohttp import ETag, web

from services.api.describe.asyncapi import asyncapi_document
from services.api.describe.openapi import openapi_document
from services.api.describe.openapi_page import openapi_page, page_headers
from services.api.describe.workflow_schema import workflow_schema
from services.api.http.etags import preconditions_of
from services.api.http.route import OPEN, Media, Route
from shared.domain.preconditions import Preconditions
from shared.wire.envelope import dumps
from shared.wire.topics import Topics

_FRESH: Final = "public, max-age=300"
_JSON: Final[Mapping[str, str]] = MappingProxyType({"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document as it is sent."""

    body: bytes
    headers: Mapping[str, str]
    etag: str


class Documents:
    """The documents of some routes and topics; each is made when it is first asked for."""

    def __init__(self, routes: Sequence[Route], topics: Topics) -> None:
        self._routes = routes
        self._topics = topics
        self._version = version("turnout")

    @cached_property
    def _openapi(self) -> dict[str, Any]:
        return openapi_document(self._routes, self._version)

    @cached_property
    def openapi(self) -> Sheet:
        """The routes, for programs."""
        return _sheet(dumps(self._openapi))

    @cached_property
    def page(self) -> Sheet:
        """The routes, for people."""
        html = {**page_headers(), "Content-Type": "text/html; charset=utf-8"}
        return _sheet(openapi_page(self._openapi).encode(), html)

    @cached_property
    def asyncapi(self) -> Sheet:
        """The topics."""
        return _sheet(dumps(asyncapi_document(self._topics, self._version)))

    @cached_property
    def workflow(self) -> Sheet:
        """What a workflow looks like."""
        return _sheet(dumps(workflow_schema()))


DOCUMENTS: Final = web.AppKey("documents", Documents)


async def openapi(request: web.Request) -> web.Response:
    """The API, in OpenAPI 3.1."""
    return await _shown(request, lambda documents: documents.openapi)


async def page(request: web.Request) -> web.Response:
    """The API, as a page for people; it needs no script and nothing from elsewhere."""
    return await _shown(request, lambda documents: documents.page)


async def asyncapi(request: web.Request) -> web.Response:
    """The topics that others write to and read, in AsyncAPI 3.0, by the names they have here."""
    return await _shown(request, lambda documents: documents.asyncapi)


async def workflow(request: web.Request) -> web.Response:
    """What a file with a workflow looks like, in JSON Schema 2020-12, for editors."""
    return await _shown(request, lambda documents: documents.workflow)


def _sheet(body: bytes, headers: Mapping[str, str] = _JSON) -> Sheet:
    return Sheet(body, {**headers, "Cache-Control": _FRESH}, sha256(body).hexdigest()[:32])


async def _shown(request: web.Request, which: Callable[[Documents], Sheet]) -> web.Response:
    """The document; 304 for a caller who has it."""
    # The first to ask has it made, which may take a second; other requests go on meanwhile.
    sheet = await asyncio.to_thread(which, request.app[DOCUMENTS])
    known = Preconditions(if_none_match=preconditions_of(request).if_none_match)
    if not known.allow(sheet.etag):
        response = web.Response(status=304, headers=sheet.headers)
    else:
        response = web.Response(body=sheet.body, headers=sheet.headers)
    response.etag = ETag(sheet.etag)
    return response


_TOLD: Final = {200: dict[str, Any], 304: None}

ROUTES: Final = (
    Route("GET", "/openapi.json", openapi, OPEN, None, answers=_TOLD),
    Route("GET", "/asyncapi.json", asyncapi, OPEN, None, answers=_TOLD),
    Route("GET", "/schemas/workflow.json", workflow, OPEN, None, answers=_TOLD),
    Route("GET", "/docs", page, OPEN, None, answers={200: Media("text/html"), 304: None}),
)
