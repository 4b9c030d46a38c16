"""The one client for calls to addresses that users chose."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from weakref import WeakValueDictionary

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    InvalidURL,
)
from aiohttp.abc import AbstractResolver

from shared.domain.ids import EnvironmentId
from shared.egress.connector import GuardedConnector, GuardedResolver, OwnedRequest, owned
from shared.egress.errors import (
    CallTimeout,
    ConnectFailed,
    DestinationRefused,
    ResponseBroken,
)
from shared.egress.guard import check_url
from shared.egress.message import Request, Response, checked_headers
from shared.egress.resolver import ASKING, SystemResolver
from shared.egress.settings import EgressSettings
from shared.runtime.clock import Clock

SHARE: Final = 0.75
"""One environment has at most so much of all connections: those of slow receivers are not all."""

_CHUNK_BYTES: Final = 65_536


class Caller:
    """Calls out, within the settings; made by ``open_caller``, safe to share between tasks."""

    def __init__(self, session: ClientSession, settings: EgressSettings, clock: Clock) -> None:
        self._session = session
        self._settings = settings
        self._clock = clock
        self._shares = WeakValueDictionary[EnvironmentId | None, asyncio.Semaphore]()

    async def call(self, request: Request) -> Response:
        """Send the request once and read the response, whatever its status.

        Raises DestinationRefused or RequestRefused before anything is sent, ConnectFailed,
        CallTimeout or ResponseBroken.
        """
        target = check_url(request.url, self._settings)
        headers = checked_headers(request, self._settings)
        started = self._clock.monotonic()
        with _translated(), _asking(request.environment_id):
            # Around everything: its turn, name, connection, headers and the slowest of bodies.
            async with (
                asyncio.timeout(min(request.timeout_s, self._settings.timeout_s_max)),
                self._share(request.environment_id),
                self._session.request(
                    request.method,
                    owned(target.url, request.environment_id),
                    headers=headers,
                    data=request.body,
                    allow_redirects=False,
                ) as answer,
            ):
                answer_headers = self._headers(answer)
                body, truncated = await self._body(answer)
        return Response(
            status=answer.status,
            headers=answer_headers,
            body=body,
            truncated=truncated,
            duration_s=self._clock.monotonic() - started,
        )

    def _share(self, environment_id: EnvironmentId | None) -> asyncio.Semaphore:
        """What an environment's calls hold while they are under way."""
        most = max(1, int(self._settings.connections_max * SHARE))
        return self._shares.setdefault(environment_id, asyncio.Semaphore(most))

    def _headers(self, answer: ClientResponse) -> dict[str, str]:
        """Read as Latin-1, in which every byte is a character that JSON can carry."""
        if sum(len(n) + len(v) for n, v in answer.raw_headers) > self._settings.header_bytes_max:
            raise ResponseBroken
        headers: dict[str, str] = {}
        for raw_name, raw_value in answer.raw_headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return headers

    async def _body(self, answer: ClientResponse) -> tuple[bytes, bool]:
        limit = self._settings.body_bytes_max
        body = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
            body += chunk
            if len(body) > limit:
                # Leaving an answer with bytes unread closes its connection.
                return bytes(body[:limit]), True
        return bytes(body), False


@asynccontextmanager
async def open_caller(
    settings: EgressSettings, clock: Clock, resolver: AbstractResolver | None = None
) -> AsyncIterator[Caller]:
    """A caller that closes its connections at the end; names are resolved by the system's way."""
    guarded = GuardedResolver(resolver or SystemResolver(), settings)
    async with ClientSession(
        connector=GuardedConnector(guarded, settings),
        request_class=OwnedRequest,
        cookie_jar=DummyCookieJar(),
        trust_env=False,
        timeout=ClientTimeout(total=None, sock_connect=settings.connect_timeout_s),
        read_bufsize=_CHUNK_BYTES,
    ) as session:
        yield Caller(session, settings, clock)


@contextmanager
def _asking(environment_id: EnvironmentId | None) -> Iterator[None]:
    token = ASKING.set(environment_id)
    try:
        yield
    finally:
        ASKING.reset(token)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except InvalidURL as error:
        raise DestinationRefused from error
    except (ClientConnectorError, ConnectionTimeoutError) as error:
        raise ConnectFailed from error
    except TimeoutError as error:
        raise CallTimeout from error
    except ClientError as error:
        raise ResponseBroken from error
