"""The API at one address, asked once for each thing."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Generic, TypeVar

import aiohttp
import orjson
from yarl import URL

from shared.client.asked import Asked
from shared.client.errors import NoAnswer, error_of, read_json
from shared.domain.errors import Rejected
from shared.wire.strict_json import JsonFault, invalid

WITHIN_S: Final = 30.0

_SILENCE: Final = (aiohttp.ClientError, TimeoutError, ValueError)
_NONE: Final[Mapping[str, str]] = {}

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T_co]):
    """What the API said yes with; ``body`` is None when it said nothing."""

    status: HTTPStatus
    headers: Mapping[str, str]
    body: T_co


class Connection:
    """Made by ``open_connection``."""

    def __init__(self, session: aiohttp.ClientSession, url: URL) -> None:
        self._session = session
        self.url: Final = url

    async def call(self, asked: Asked[T], headers: Mapping[str, str] = _NONE) -> Answer[T]:
        """One request. Raises what ``error_of`` gives, and NoAnswer when there is none.

        Raises Invalid, and sends nothing, when what is asked with cannot be written as JSON.
        """
        document = asked.body
        content = {} if document is None else {"Content-Type": "application/json"}
        try:
            async with self._session.request(
                asked.method,
                self._url_of(asked),
                params=asked.query,
                data=None if document is None else _written(document),
                headers={**content, **headers},
            ) as response:
                raw, status, told = await response.read(), HTTPStatus(response.status), response
        except _SILENCE as fault:
            raise self._silent(fault) from None
        if status >= HTTPStatus.BAD_REQUEST:
            raise error_of(status, told.headers, raw)
        body: Any = read_json(raw)
        return Answer(status=status, headers=told.headers, body=body)

    @asynccontextmanager
    async def stream(
        self, asked: Asked[Any], *, after: str | None, silent_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """What comes of a stream, as it comes, after the event with the id ``after``.

        Raises as ``call``; NoAnswer also when it says nothing for ``silent_s`` seconds.
        """
        timeout = aiohttp.ClientTimeout(sock_connect=WITHIN_S, sock_read=silent_s)
        headers = {} if after is None else {"Last-Event-ID": after}
        try:
            async with self._session.get(
                self._url_of(asked), params=asked.query, headers=headers, timeout=timeout
            ) as response:
                status = HTTPStatus(response.status)
                if status >= HTTPStatus.BAD_REQUEST:
                    raise error_of(status, response.headers, await response.read())
                yield response.content.iter_any()
        except _SILENCE as fault:
            raise self._silent(fault) from None

    def _url_of(self, asked: Asked[Any]) -> URL:
        return self.url.joinpath(asked.path, encoded=True)

    def _silent(self, fault: Exception) -> NoAnswer:
        return NoAnswer(f"The API at {self.url} does not answer ({_reason(fault)}).")


@asynccontextmanager
async def open_connection(
    url: str,
    token: str | None = None,
    environment: str | None = None,
    *,
    headers: Mapping[str, str] = _NONE,
    within_s: float = WITHIN_S,
) -> AsyncIterator[Connection]:
    """A connection until the context ends; ``headers`` go with every request.

    ``environment`` is an id; without it the token's, or the default one, is meant. Raises Rejected
    when ``url`` is none.
    """
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Rejected(f"'{url}' is no address of an API; write it as http://127.0.0.1:8080.")
    given = dict(headers)
    if token:
        given["Authorization"] = f"Bearer {token}"
    if environment:
        given["X-Turnout-Environment"] = environment
    timeout = aiohttp.ClientTimeout(total=within_s)
    async with aiohttp.ClientSession(headers=given, timeout=timeout) as session:
        yield Connection(session, parsed)


def _written(document: Any) -> bytes:
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError as fault:
        detail = f"The request cannot be written as JSON: {fault}."
        raise invalid("", JsonFault.UNREADABLE, detail) from None


def _reason(fault: Exception) -> str:
    if isinstance(fault, aiohttp.ClientConnectorError):
        return os.strerror(fault.os_error.errno or 0)
    return str(fault) or type(fault).__name__
