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
from shared.client.errors import NoAnswer, WrongAddress, error_of, read_json
from shared.domain.errors import Rejected
from shared.wire.strict_json import JsonFault, invalid

WITHIN_S: Final = 40.0
"""Longer than the API lets anybody wait for a result, unless a workflow says so."""

_SILENCE: Final = (aiohttp.ClientError, TimeoutError, ValueError)
_NONE: Final[Mapping[str, str]] = {}
_NOTHING: Final = (b"", b"null")
_STREAM: Final = "text/event-stream"
_ADDRESS_CHARS_MAX: Final = 200

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

        Raises WrongAddress when what answers is not the API: a redirect is never followed, for it
        makes a GET of a POST, and what is sent may be meant for nobody else. Raises Invalid, and
        sends nothing, when what is asked with cannot be written as JSON.
        """
        _check_headers(headers)
        _check_texts(asked.query)
        document = asked.body
        content = {} if document is None else {"Content-Type": "application/json"}
        try:
            async with self._session.request(
                asked.method,
                self._url_of(asked),
                params=asked.query,
                data=None if document is None else _written(document),
                headers={**content, **headers},
                allow_redirects=False,
            ) as response:
                raw, status, told = await response.read(), HTTPStatus(response.status), response
        except _SILENCE as fault:
            raise self._silent(fault) from None
        self._check(asked, told, raw)
        body: Any = read_json(raw)
        if body is None and raw.strip() not in _NOTHING:
            raise self._foreign(told)
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
        _check_headers(headers)
        _check_texts(asked.query)
        try:
            async with self._session.get(
                self._url_of(asked),
                params=asked.query,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                if response.status != HTTPStatus.OK:
                    self._check(asked, response, await response.read())
                if response.content_type != _STREAM:
                    raise self._foreign(response)
                yield response.content.iter_any()
        except _SILENCE as fault:
            raise self._silent(fault) from None

    def _url_of(self, asked: Asked[Any]) -> URL:
        return self.url.joinpath(asked.path, encoded=True)

    def _check(self, asked: Asked[Any], told: aiohttp.ClientResponse, raw: bytes) -> None:
        """Raises what an answer stands for that is no yes."""
        status = HTTPStatus(told.status)
        if status >= HTTPStatus.BAD_REQUEST:
            raise error_of(status, told.headers, raw)
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise WrongAddress(
                f"{self.url} sends on to {_elsewhere(asked, told)}, which is not followed: what is"
                " asked, and the token, would go there too. If that is Turnout's, use its address."
            )

    def _foreign(self, told: aiohttp.ClientResponse) -> WrongAddress:
        kind = f"{told.status} with {told.content_type}"
        return WrongAddress(f"What answers at {self.url} is not Turnout's API: it says {kind}.")

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
    when ``url`` is none, or the token cannot be one.
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
    _check_headers(given)
    timeout = aiohttp.ClientTimeout(total=within_s)
    async with aiohttp.ClientSession(
        headers=given, timeout=timeout, middlewares=(_told_when_cut,)
    ) as session:
        yield Connection(session, parsed)


class _Cut(aiohttp.ClientConnectionError):
    """The connection broke before there was an answer."""


async def _told_when_cut(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Has a lost answer told: aiohttp asks again by itself, and then nobody knows that it has."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise  # nothing was sent
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as fault:
        raise _Cut(_reason(fault)) from None


def _check_texts(query: Mapping[str, str]) -> None:
    """Raises Rejected for what no address can say: it would be left out of it."""
    for name, value in query.items():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Rejected(f"'{name}' is no text: it has half of a character.") from None


def _check_headers(headers: Mapping[str, str]) -> None:
    """Raises Rejected for what no header can carry, without the value: it may be a secret."""
    for name, value in headers.items():
        if not value.isprintable():
            what = "The token" if name == "Authorization" else name
            raise Rejected(
                f"{what} has characters that do not print, as line ends; leave them out."
            )


def _written(document: Any) -> bytes:
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError as fault:
        detail = f"The request cannot be written as JSON: {fault}."
        raise invalid("", JsonFault.UNREADABLE, detail) from None


def _elsewhere(asked: Asked[Any], told: aiohttp.ClientResponse) -> str:
    """Where a redirect leads: the address of the API there, if it has what was asked for there."""
    try:
        there = told.url.join(URL(told.headers.get("Location", "")))
    except ValueError:
        return "an address that is none"
    address = str(there.with_query(None).with_fragment(None))
    return address.removesuffix(asked.path.partition("?")[0])[:_ADDRESS_CHARS_MAX]


def _reason(fault: Exception) -> str:
    if isinstance(fault, aiohttp.ClientConnectorError):
        return os.strerror(fault.os_error.errno or 0)
    return str(fault) or type(fault).__name__
