"""Speaking to the API: requests, and what its problem documents mean."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

from services.cli.exits import Denied
from services.cli.options import environment_named
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

WITHIN_S: Final = 30
PAGE_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the API said yes with; ``body`` is None when it said nothing."""

    status: HTTPStatus
    body: Any


class Client:
    """The API at one address, for one person; made by ``open_client``."""

    def __init__(self, session: aiohttp.ClientSession, url: URL) -> None:
        self._session = session
        self._url = url

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Answer:
        """One request; ``path`` is encoded as in a URL, a query's Nones are left out.

        The same ``key`` asks for the same thing once.

        Raises NotFound, Conflict, Invalid, Denied or Rejected with the API's own sentence,
        Unavailable when there is no answer, Defect when the API is broken.
        """
        headers = {} if body is None else {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            async with self._session.request(
                method,
                self._url.joinpath(path, encoded=True),
                params={k: str(v) for k, v in (query or {}).items() if v is not None},
                data=None if body is None else orjson.dumps(body),
                headers=headers,
            ) as response:
                raw, status = await response.read(), HTTPStatus(response.status)
        except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
            raise Unavailable(
                f"The API at {self._url} does not answer ({_reason(fault)})."
                " Start it with 'turnout dev', or name another with --url or TURNOUT_URL."
            ) from None
        if status >= HTTPStatus.BAD_REQUEST:
            raise self._error(status, raw)
        return Answer(status=status, body=_json(raw))

    async def get(self, path: str, **query: Any) -> Any:
        """The document at ``path``; raises as ``call`` does."""
        return (await self.call("GET", path, query=query)).body

    async def pages(self, path: str, size: int, **query: Any) -> AsyncIterator[list[Any]]:
        """The pages of a list, of at most ``size`` things each, the first as soon as it is here."""
        cursor = None
        while True:
            page = await self.get(path, **query, limit=size, cursor=cursor)
            yield page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def items(self, path: str, limit: int, **query: Any) -> list[Any]:
        """At most ``limit`` things of a list, over as many pages as it takes."""
        found: list[Any] = []
        async for page in self.pages(path, min(limit, PAGE_MAX), **query):
            found += page
            if len(found) >= limit:
                break
        return found[:limit]

    def _error(self, status: HTTPStatus, raw: bytes) -> TurnoutError:
        said = _json(raw)
        problem = said if isinstance(said, dict) else {}
        # A dialect's routes answer in their system's words: the sentence is their "message".
        fallback = f"The API at {self._url} answered {status.value} {status.phrase}."
        detail = str(problem.get("detail") or problem.get("message") or fallback)
        match status:
            case HTTPStatus.NOT_FOUND:
                return NotFound(detail)
            case HTTPStatus.CONFLICT:
                return Conflict(detail)
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN if not problem.get("errors"):
                mend = " Give it with --token or TURNOUT_TOKEN."
                return Denied(detail + (mend if status is HTTPStatus.UNAUTHORIZED else ""))
            case _ if status in _TRANSIENT:
                return Unavailable(detail)
            case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return Defect(detail)
        problems = _problems(problem)
        return Invalid(problems, detail) if problems else Rejected(detail)


@asynccontextmanager
async def open_client(url: str, token: str | None) -> AsyncIterator[Client]:
    """A client until the context ends, for the environment that the command names, if it does.

    Raises Rejected when ``url`` is none.
    """
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Rejected(f"'{url}' is no address of an API; write it as http://127.0.0.1:8080.")
    # Whoever wants to wait for a result asks for it by its command.
    headers = {"Prefer": "wait=0"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if environment := environment_named():
        headers["X-Turnout-Environment"] = environment
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        yield Client(session, parsed)


def ask(
    url: str,
    token: str | None,
    method: str,
    path: str,
    *,
    body: Any = None,
    query: Mapping[str, Any] | None = None,
) -> Answer:
    """The one request of a command that makes no other; as ``Client.call``."""

    async def call() -> Answer:
        async with open_client(url, token) as client:
            return await client.call(method, path, body=body, query=query)

    return asyncio.run(call())


def listed(url: str, token: str | None, path: str, limit: int, **query: Any) -> list[Any]:
    """What a command lists that asks for nothing else; as ``Client.items``."""

    async def fetch() -> list[Any]:
        async with open_client(url, token) as client:
            return await client.items(path, limit, **query)

    return asyncio.run(fetch())


_TRANSIENT: Final = frozenset(
    (
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    )
)


def _reason(fault: Exception) -> str:
    if isinstance(fault, aiohttp.ClientConnectorError):
        return os.strerror(fault.os_error.errno or 0)
    return str(fault) or type(fault).__name__


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return None


def _problems(document: Mapping[str, Any]) -> list[Problem]:
    listed = document.get("errors") or ()
    return [
        Problem(
            pointer=str(fault.get("pointer", "")),
            code=str(fault.get("code", "")),
            detail=str(fault.get("detail", "")),
        )
        for fault in listed
        if isinstance(fault, dict)
    ]
